// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Statistics;
using Microsoft.Data.Sqlite;

namespace Kvmsys.Tests;

/// <summary>A daemon's database after years: one result that the store's own code has kept, and copies of its rows, all in one transaction.</summary>
internal static class ManyResults
{
    private const int WithDocument = 2000;
    private const int MinutesBetween = 20;

    private static readonly (string Mechanism, string Profile)[] Measured =
    [
        ("empty", "bare"), ("int80", "bare"), ("sysenter", "bare"), ("syscall", "bare"), ("callgate", "bare"),
        ("int80", "linux26"), ("vsyscall", "linux26"), ("syscall", "bare64"), ("pf", "bare64"), ("cpuid", "bare64"),
    ];

    /// <summary>Figures of each bench.</summary>
    public static int Mechanisms => Measured.Length;

    /// <summary>Makes one.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="count">Accepted benches, one every 20 minutes; the latest 2,000 have their documents still.</param>
    public static void Make(string folder, int count)
    {
        Random random = new(Seed: 1);
        using (JobStore store = JobStore.Open(folder, TimeProvider.System))
        {
            store.Submit(new JobRequest { Kind = JobKind.Bench, Name = "nightly", Bench = new BenchSpec { Protocol = "full" } }, "socket", null, 3600, 3, 10);
            (Job job, int attempt) = store.TakeNext()!.Value;
            HistoryEntry entry = new()
            {
                Id = 0,
                Time = DateTimeOffset.UtcNow,
                CpuBrand = "a CPU",
                CpuSignature = "AuthenticAMD 25/1/2",
                Microcode = "0xa0011d5",
                Kernel = "6.12.1",
                Version = "0.1.0",
                Verdict = "hardware",
                PlanHash = "0123456789abcdef",
                Mechanisms = Measured.Length,
                Complete = true,
                Stable = true,
            };

            // As long in Brotli as a bench's.
            byte[] noise = new byte[18_000];
            random.NextBytes(noise);
            AttemptEnd end = new(AttemptOutcome.Succeeded, 0, null, Convert.ToHexString(noise.AsSpan(0, 250)), Encoding.ASCII.GetBytes(Convert.ToBase64String(noise)))
            {
                Results = [.. Measured.Select(result => new ResultVerdict(result.Mechanism, result.Profile, "hardware", 100))],
            };
            store.Finish(job.Id, attempt, end, entry, Measured.Select(result => new HistoryFigure(entry, result.Profile, result.Mechanism, "hardware", Stable: true, new Estimate(100, 99, 101, 0.95))));
        }

        Copy(Path.Combine(folder, SqliteStoreDatabase.FileName), count);
    }

    /// <summary>Copies the first job's rows; the last one is of now, and the figures go up and down.</summary>
    private static void Copy(string path, int count)
    {
        string[] statements =
        [
            "CREATE TEMP TABLE number AS WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < $count) SELECT i FROM n",
            """
            INSERT INTO job (id, request, kind, priority, state, submitted_at, submitted_by, deadline_seconds, max_attempts, attempts, ended_at, accepted_attempt)
            SELECT i, request, kind, priority, state, submitted_at, submitted_by, deadline_seconds, max_attempts, attempts, ended_at, accepted_attempt FROM job, number WHERE id = 1
            """,
            """
            INSERT INTO attempt (job, number, started_at, ended_at, outcome, exit_status, log, document)
            SELECT i, number, started_at, ended_at, outcome, exit_status, CASE WHEN i > $count - $kept THEN log END, CASE WHEN i > $count - $kept THEN document END
            FROM attempt, number WHERE job = 1
            """,
            "UPDATE job SET submitted_at = submitted_at - ($count - id) * $between, ended_at = ended_at - ($count - id) * $between",
            "UPDATE attempt SET started_at = started_at - ($count - job) * $between, ended_at = ended_at - ($count - job) * $between",
            """
            INSERT INTO bench (job, time, cpu_brand, cpu_signature, microcode, kernel, version, verdict, plan_hash, mechanisms, complete, stable)
            SELECT i, time, cpu_brand, cpu_signature, microcode, kernel, version, verdict, plan_hash, mechanisms, complete, stable FROM bench, number WHERE job = 1
            """,
            "UPDATE bench SET time = time - ($count - job) * $between",
            """
            INSERT INTO figure (mechanism, profile, job, verdict, stable, core_cycles, low, high, coverage)
            SELECT mechanism, profile, i, verdict, stable, core_cycles + i % 97 * 0.01, low, high + 1, coverage FROM figure, number WHERE job = 1
            """,
            "UPDATE latest SET job = $count",
            "INSERT INTO event (at, kind, job) SELECT ended_at, 'job.done', id FROM job WHERE id > $count - 9000",
        ];
        using SqliteConnection connection = SqliteStoreDatabase.Connect(path, SqliteOpenMode.ReadWrite);
        using SqliteTransaction transaction = connection.BeginTransaction();
        foreach (string statement in statements)
        {
            using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // They are the constants above.
            command.CommandText = statement
                .Replace("$count", count.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
                .Replace("$kept", WithDocument.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
                .Replace("$between", (MinutesBetween * 60_000).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
#pragma warning restore CA2100
            command.ExecuteNonQuery();
        }

        transaction.Commit();
    }
}
