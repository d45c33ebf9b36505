// SPDX-License-Identifier: MIT

using System.IO.Compression;
using System.Text;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Sql;
using Kvmsys.Monitor.Statistics;
using Microsoft.Data.Sqlite;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>A database that an older kvmsys wrote becomes this one's, with all that is in it.</summary>
public sealed class StoreSchemaTests : IDisposable
{
    private static readonly string[] Indices = ["figure_by_job", "bench_by_time", "bench_by_host", "bench_changed", "attempt_not_ended", "attempt_kept", "attempt_by_run"];

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-test-").FullName;

    private string Database => Path.Combine(_folder, SqliteStoreDatabase.FileName);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_the_latest_benches_say_is_found_in_the_figures_of_version_1()
    {
        Make(1);
        using JobStore store = JobStore.Open(_folder, TimeProvider.System);
        Assert.Equal([("int80", "bare", "hardware", 620.0), ("sysenter", "bare", "hardware", 95.0)], store.Latest().Select(result => (result.Mechanism, result.Profile, result.Verdict, result.CoreCycles!.Value)));
        Assert.Equal(3, store.Figures(null, null, 10).Count);
        Assert.Equal("{}"u8.ToArray(), store.Document(1, 1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void An_older_version_gets_the_indices_that_many_rows_need(int version)
    {
        Make(version);
        JobStore.Open(_folder, TimeProvider.System).Dispose();
        using SqliteConnection connection = SqliteStoreDatabase.Connect(Database, SqliteOpenMode.ReadOnly);
        Assert.Equal(Indices.Order(), connection.Rows("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('figure', 'bench', 'attempt') ORDER BY name", row => row.GetString(0)));
        Assert.Equal((long)StoreSchema.Version, connection.Scalar("PRAGMA user_version"));
    }

    [Fact]
    public void The_bench_that_has_ended_last_is_the_latest_whatever_its_number()
    {
        using JobStore store = JobStore.Open(_folder, TimeProvider.System);
        Submit(store);
        Submit(store);
        (Job first, int attempt) = store.TakeNext()!.Value;
        (Job second, _) = store.TakeNext()!.Value;
        Finish(store, second.Id, attempt, ("int80", 600));
        Finish(store, first.Id, attempt, ("int80", 500), ("sysenter", 90));
        Assert.Equal([("int80", 500.0), ("sysenter", 90.0)], store.Latest().Select(result => (result.Mechanism, result.CoreCycles!.Value)));
    }

    private static void Submit(JobStore store) => store.Submit(new JobRequest { Kind = JobKind.Bench }, "tester", null, 60, 1, 10);

    private static void Finish(JobStore store, long job, int attempt, params (string Mechanism, double Cost)[] costs)
    {
        HistoryEntry entry = new()
        {
            Id = 0,
            Time = DateTimeOffset.UnixEpoch,
            CpuBrand = "a CPU",
            CpuSignature = "AuthenticAMD 25/1/2",
            Kernel = "6.12.1",
            Version = "0.1.0",
            Verdict = "hardware",
            PlanHash = "0",
            Mechanisms = costs.Length,
            Complete = true,
            Stable = true,
        };
        AttemptEnd end = new(AttemptOutcome.Succeeded, 0, null, null, Encoding.UTF8.GetBytes("{}"))
        {
            Results = [.. costs.Select(cost => new ResultVerdict(cost.Mechanism, "bare", "hardware", cost.Cost))],
        };
        store.Finish(job, attempt, end, entry, costs.Select(cost =>
            new HistoryFigure(entry, "bare", cost.Mechanism, "hardware", Stable: true, new Estimate(cost.Cost, cost.Cost, cost.Cost, 0.95))));
    }

    /// <summary>A database as a version has written it, with two benches, the second of one mechanism alone.</summary>
    private void Make(int version)
    {
        const string rows =
            """
            INSERT INTO job (request, kind, priority, state, submitted_at, submitted_by, deadline_seconds, max_attempts, attempts, ended_at, accepted_attempt)
            VALUES ('{"kind":"bench"}', 'bench', 0, 'done', 0, 'tester', 60, 1, 1, 0, 1), ('{"kind":"bench"}', 'bench', 0, 'done', 0, 'tester', 60, 1, 1, 0, 1);
            INSERT INTO attempt (job, number, started_at, ended_at, outcome, exit_status, document)
            VALUES (1, 1, 0, 0, 'succeeded', 0, $document), (2, 1, 0, 0, 'succeeded', 0, $document);
            INSERT INTO bench (job, time, cpu_brand, cpu_signature, kernel, version, verdict, plan_hash, mechanisms, complete, stable)
            VALUES (1, 0, 'a CPU', 'AuthenticAMD 25/1/2', '6.12.1', '0.1.0', 'hardware', '0', 2, 1, 1), (2, 0, 'a CPU', 'AuthenticAMD 25/1/2', '6.12.1', '0.1.0', 'hardware', '0', 1, 1, 1);
            INSERT INTO figure (mechanism, profile, job, verdict, stable, core_cycles, low, high, coverage)
            VALUES ('int80', 'bare', 1, 'hardware', 1, 600, 600, 600, 0.95), ('sysenter', 'bare', 1, 'hardware', 1, 95, 95, 95, 0.95), ('int80', 'bare', 2, 'hardware', 1, 620, 620, 620, 0.95);
            """;
        SqliteLibrary.Load();
        using SqliteConnection connection = SqliteStoreDatabase.Connect(Database, SqliteOpenMode.ReadWriteCreate);
        foreach (string migration in StoreSchema.Migrations[..version])
        {
            connection.Execute(migration);
        }

        connection.Execute($"PRAGMA application_id = {StoreSchema.ApplicationId}; PRAGMA user_version = {version}");
        connection.Execute(rows, ("$document", Brotli("{}"u8)));
    }

    private static byte[] Brotli(ReadOnlySpan<byte> document)
    {
        byte[] packed = new byte[64];
        Assert.True(BrotliEncoder.TryCompress(document, packed, out int count));
        return packed[..count];
    }
}
