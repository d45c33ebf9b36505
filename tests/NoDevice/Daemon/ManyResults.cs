// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Sqlite;
using Microsoft.Data.Sqlite;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>A daemon's database with as many results as nobody waits for.</summary>
internal static class ManyResults
{
    /// <summary>Figures of each bench.</summary>
    public const int Mechanisms = 18;

    /// <summary>Makes one in a folder, in which there is none.</summary>
    public static void Make(string folder, int results)
    {
        JobStore.Open(folder, TimeProvider.System).Dispose();
        using SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, "jobs.db"), Pooling = false }.ToString());
        connection.Open();
        connection.Execute(
            """
            BEGIN;
            CREATE TEMP TABLE number AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < $results) SELECT id FROM n;
            CREATE TEMP TABLE path (mechanism TEXT, profile TEXT, cost REAL);
            INSERT INTO path
                SELECT m.value, p.value, 100.0 * (1 + m.key) + p.key
                FROM json_each('["int80","sysenter","syscall","vsyscall","callgate","pf"]') AS m, json_each('["bare","linux26","bare64"]') AS p;
            INSERT INTO job (id, request, kind, priority, state, submitted_at, submitted_by, deadline_seconds, max_attempts, attempts, ended_at, accepted_attempt)
                SELECT id, '{"kind":"bench","name":"nightly"}', 'bench', 0, 'done', 1700000000000 + 3600000 * id, 'tester', 60, 3, 1, 1700000010000 + 3600000 * id, 1 FROM number;
            INSERT INTO attempt (job, number, started_at, ended_at, outcome, exit_status)
                SELECT id, 1, 1700000000000 + 3600000 * id, 1700000010000 + 3600000 * id, 'succeeded', 0 FROM number;
            INSERT INTO mitigations (text) VALUES ('meltdown: Not affected' || char(10) || 'spectre_v2: Mitigation: Retpolines');
            INSERT INTO bench (job, time, cpu_brand, cpu_signature, microcode, kernel, version, verdict, plan_hash, mechanisms, complete, stable, mitigations)
                SELECT id, 1700000000000 + 3600000 * id, 'a CPU', 'AuthenticAMD 25/1/2', '0x1', '6.12.' || (id / 3000), '0.1.0', 'hardware', '0123456789abcdef', 18, 1, 1, 1 FROM number;
            INSERT INTO figure (mechanism, profile, job, verdict, stable, core_cycles, low, high, coverage)
                SELECT mechanism, profile, id, 'hardware', 1, cost + (id % 7) * 0.01, cost - 0.1, cost + 0.2, 0.95 FROM path, number;
            COMMIT;
            """,
            ("$results", results));
    }
}
