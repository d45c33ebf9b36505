// SPDX-License-Identifier: MIT

using System.Text;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Sqlite;
using Kvmsys.Monitor.Statistics;
using Microsoft.Data.Sqlite;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>A database that an older kvmsys wrote becomes this one's, with all that is in it.</summary>
public sealed class StoreSchemaTests : IDisposable
{
    private static readonly string[] Indices = ["figure_by_job", "attempt_not_ended", "attempt_kept"];

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-test-").FullName;

    private string Database => Path.Combine(_folder, JobStore.FileName);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_the_latest_benches_say_is_found_in_the_figures_of_version_1()
    {
        Make();
        BackTo(1);
        using JobStore store = JobStore.Open(_folder, TimeProvider.System);
        Assert.Equal([("int80", "bare", "hardware", 620.0), ("sysenter", "bare", "hardware", 95.0)], store.Latest().Select(result => (result.Mechanism, result.Profile, result.Verdict, result.CoreCycles!.Value)));
        Assert.Equal(3, store.Figures(null, null, 10).Count);
        Assert.Equal("{}"u8.ToArray(), store.Document(1, 1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void An_older_version_gets_the_indices_that_many_rows_need(int version)
    {
        Make();
        BackTo(version);
        JobStore.Open(_folder, TimeProvider.System).Dispose();
        using SqliteConnection connection = JobStore.Connect(Database, SqliteOpenMode.ReadOnly);
        Assert.Equal(Indices.Order(), connection.Rows("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('figure', 'attempt') ORDER BY name", row => row.GetString(0)));
        Assert.Equal((long)StoreSchema.Version, connection.Scalar("PRAGMA user_version"));
    }

    [Fact]
    public void A_bench_that_ends_late_does_not_take_the_place_of_a_later_one()
    {
        using JobStore store = JobStore.Open(_folder, TimeProvider.System);
        Submit(store);
        Submit(store);
        (Job first, int attempt) = store.TakeNext()!.Value;
        (Job second, _) = store.TakeNext()!.Value;
        Finish(store, second.Id, attempt, ("int80", 600));
        Finish(store, first.Id, attempt, ("int80", 500), ("sysenter", 90));
        Assert.Equal([("int80", 600.0), ("sysenter", 90.0)], store.Latest().Select(result => (result.Mechanism, result.CoreCycles!.Value)));
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

    /// <summary>Two benches, the second of one mechanism alone.</summary>
    private void Make()
    {
        using JobStore store = JobStore.Open(_folder, TimeProvider.System);
        foreach ((string, double)[] costs in ((string, double)[][])[[("int80", 600), ("sysenter", 95)], [("int80", 620)]])
        {
            Submit(store);
            (Job job, int attempt) = store.TakeNext()!.Value;
            Finish(store, job.Id, attempt, costs);
        }
    }

    /// <summary>Takes away what versions behind this one have added.</summary>
    private void BackTo(int version)
    {
        using SqliteConnection connection = JobStore.Connect(Database, SqliteOpenMode.ReadWrite);
        connection.Execute(string.Join("; ", Indices.Select(index => $"DROP INDEX {index}").Concat(version < 2 ? ["DROP TABLE latest"] : [])));
        connection.Execute($"PRAGMA user_version = {version}");
    }
}
