// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.Json;
using Kvmsys.Monitor.Daemon;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Farm.Controller;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Sql;
using Kvmsys.Tests.NoDevice.CommandLine;
using Kvmsys.Tests.NoDevice.Daemon;
using Microsoft.Data.Sqlite;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>What has become dearer on a farm's hosts is looked for on each host alone, and shown by what had changed.</summary>
public sealed class FarmChangeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-fleet-").FullName;
    private readonly SettableClock _clock = new();
    private readonly JobStore _jobs;
    private readonly MadeUpFleet _fleet;

    public FarmChangeTests()
    {
        _jobs = JobStore.Open(Path.Combine(_folder, "ledger"), _clock);
        _fleet = new(_jobs, _clock);
    }

    public void Dispose()
    {
        _jobs.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Two_hosts_of_one_CPU_model_at_different_levels_are_no_regression()
    {
        _fleet.Measure("a", 12, 600);
        _fleet.Measure("b", 24, 650, MadeUpFleet.NewKernel);
        _fleet.Measure("a", 12, 600);
        Assert.Empty(new RegressionStore(_jobs, _clock).List(null, 10));
        Assert.Equal([("a", 24), ("b", 24)], HistorySeries.Of(_jobs.Figures(null, null, 100)).Select(series => (series.Figures[0].Entry.Host!, series.Figures.Count)).Order());
        Assert.Equal(24, _jobs.Figures("int80", "linux26", 100, "b").Count);
        Assert.Empty(_jobs.Figures("int80", "linux26", 100, "c"));
    }

    [Fact]
    public void The_same_regression_is_told_of_each_host_once_and_names_it()
    {
        _fleet.GetNewKernel("a", 600, 650);
        _fleet.GetNewKernel("b", 600, 650, benchesAfter: 30);
        FoundRegression[] found = [.. new RegressionStore(_jobs, _clock).List(null, 10)];
        Assert.Equal(["b", "a"], found.Select(one => one.Regression.Host));
        Assert.Contains(_jobs.EventsAfter(0, 1000), happened => happened.Id == found[1].Id && happened.Text!.StartsWith("int80 on linux26, host a: 600", StringComparison.Ordinal));
    }

    [Fact]
    public void A_change_has_the_hosts_on_which_costs_changed_those_where_they_did_not_and_those_of_which_too_little_is_known()
    {
        _fleet.GetNewKernel("a", 600, 630);
        _fleet.GetNewKernel("b", 600, 660);
        _fleet.GetNewKernel("c", 600, 720);
        _fleet.GetNewKernel("d", 600, 600);
        _fleet.GetNewKernel("e", 600, 700, benchesAfter: 3);
        _fleet.Measure("f", 24, 600);
        FarmChangeDocument change = Assert.Single(Changes());
        Assert.Equal([MadeUpFleet.KernelChange], change.What);
        Assert.Equal("slower a b c, faster , unchanged d, undecided e", HostsOf(change));
        Assert.Equal(["AMD EPYC 7003, made up"], change.Cpus);
        FarmFindingDocument finding = Assert.Single(change.Slower);
        Assert.Empty(change.Faster);
        Assert.Equal(("int80", "linux26", 4), (finding.Mechanism, finding.Profile, finding.Of));
        Assert.Equal(["a", "b", "c"], finding.Hosts.Select(host => host.Host));
        AssertNear((1.05, 1.10, 1.20), finding.Ratio!, 0.002);
        AssertNear((30, 60, 120), finding.Shift, 1);

        // The first bench with the new kernel.
        Assert.Equal([13, 37, 61], finding.Hosts.Select(host => host.Job));
        Assert.Equal(change.FirstAt, change.LastAt);
    }

    [Fact]
    public void Several_changes_at_once_are_a_change_of_their_own()
    {
        _fleet.GetNewKernel("a", 600, 650);
        _fleet.GetNewKernel("b", 600, 650, newMicrocode: "0x2");
        _fleet.GetNewKernel("c", 600, 600, newMicrocode: "0x2");
        FarmChangeDocument[] changes = [.. Changes().OrderBy(change => change.What.Count)];
        Assert.Equal([MadeUpFleet.KernelChange], changes[0].What);
        Assert.Equal("slower a, faster , unchanged , undecided ", HostsOf(changes[0]));
        Assert.Equal(["microcode 0x1 -> 0x2", MadeUpFleet.KernelChange], changes[1].What);
        Assert.Equal("slower b, faster , unchanged c, undecided ", HostsOf(changes[1]));
    }

    [Fact]
    public void What_is_slower_on_one_host_and_faster_on_another_stands_apart()
    {
        _fleet.GetNewKernel("a", 600, 650);
        _fleet.GetNewKernel("b", 600, 550);
        FarmChangeDocument change = Assert.Single(Changes());
        Assert.Equal("slower a, faster b, unchanged , undecided ", HostsOf(change));
        Assert.Equal(("a", "b"), (Assert.Single(Assert.Single(change.Slower).Hosts).Host, Assert.Single(Assert.Single(change.Faster).Hosts).Host));
        Assert.True(change.Faster[0].Ratio!.Median < 1 && change.Faster[0].Shift.Median < 0);
        Assert.Equal((2, 2), (change.Slower[0].Of, change.Faster[0].Of));
    }

    [Fact]
    public void A_host_that_does_not_measure_a_mechanism_says_nothing_of_it()
    {
        _fleet.GetNewKernel("a", 600, 650);
        _fleet.GetNewKernel("b", 90, 90, mechanism: "sysenter");
        FarmChangeDocument change = Assert.Single(Changes());
        Assert.Equal("slower a, faster , unchanged b, undecided ", HostsOf(change));
        Assert.Equal(1, Assert.Single(change.Slower).Of);
    }

    [Fact]
    public void Where_nothing_known_changed_no_other_host_is_said_to_have_had_that()
    {
        _fleet.Measure("a", 12, 600);
        _fleet.Measure("a", 12, 650);
        _fleet.Measure("b", 24, 600);
        FarmChangeDocument change = Assert.Single(Changes());
        Assert.Empty(change.What);
        Assert.Equal("slower a, faster , unchanged nothing, undecided nothing", HostsOf(change));
        Assert.Null(Assert.Single(change.Slower).Of);
    }

    [Fact]
    public void A_host_that_had_the_change_weeks_before_the_others_counts_too()
    {
        _fleet.GetNewKernel("a", 600, 600);
        _clock.Now = _clock.Now.AddDays(20);
        new MadeUpFleet(_jobs, _clock).GetNewKernel("b", 600, 650);
        FarmChangeDocument change = Assert.Single(Changes());
        Assert.Equal("slower b, faster , unchanged a, undecided ", HostsOf(change));
    }

    [Fact]
    public void Only_what_was_found_in_the_period_is_shown_and_where_that_is_too_much_it_is_said()
    {
        _fleet.GetNewKernel("a", 600, 650);
        _clock.Now = _clock.Now.AddDays(10);
        new MadeUpFleet(_jobs, _clock).Measure("a", 12, 700, "6.12.1");
        FarmChanges changes = new(_jobs, new RegressionStore(_jobs, _clock));
        Assert.Equal([$"kernel {MadeUpFleet.NewKernel} -> 6.12.1"], Assert.Single(changes.List(_clock.Now.AddDays(-7), 10).Changes).What);
        FarmChangeListDocument all = changes.List(_clock.Now.AddDays(-20), 10);
        Assert.Equal((2, null), (all.Changes.Count, all.More));
        FarmChangeListDocument some = changes.List(_clock.Now.AddDays(-20), 1);
        Assert.Equal((1, true), (some.Changes.Count, some.More));
    }

    [Fact]
    public void A_ledger_of_an_older_kvmsys_knows_afterwards_which_host_has_made_what()
    {
        const int withoutHosts = 7;
        string folder = Path.Combine(_folder, "older");
        Directory.CreateDirectory(folder);
        SqliteLibrary.Load();
        using (SqliteConnection connection = SqliteStoreDatabase.Connect(Path.Combine(folder, SqliteStoreDatabase.FileName), SqliteOpenMode.ReadWriteCreate))
        {
            foreach (string migration in StoreSchema.Migrations[..withoutHosts])
            {
                connection.Execute(migration);
            }

            connection.Execute($"PRAGMA application_id = {StoreSchema.ApplicationId}; PRAGMA user_version = {withoutHosts}");
            connection.Execute(
                """
                INSERT INTO job (request, kind, priority, state, submitted_at, submitted_by, deadline_seconds, max_attempts, attempts, ended_at, accepted_attempt)
                SELECT '{"kind":"bench"}', 'bench', 0, 'done', 0, 'tester', 60, 3, 2, 0, 2 FROM (VALUES (1), (2), (3), (4));
                INSERT INTO attempt (job, number, started_at, ended_at, outcome, host, run)
                SELECT id, number, 0, 0, CASE number WHEN 1 THEN 'crashed' ELSE 'succeeded' END, CASE WHEN number = 1 THEN 'c' WHEN id % 2 = 1 THEN 'a' ELSE 'b' END, 'run' || number
                FROM job, (SELECT 1 AS number UNION SELECT 2);
                INSERT INTO bench (job, time, cpu_brand, cpu_signature, kernel, version, verdict, plan_hash, mechanisms, complete, stable)
                SELECT id, id, 'a CPU', 'AuthenticAMD 25/1/2', CASE WHEN id > 2 AND id % 2 = 1 THEN '6.12.2' ELSE '6.12.1' END, '0.1.0', 'hardware', '0', 1, 1, 1 FROM job;
                """);
        }

        using JobStore store = JobStore.Open(folder, TimeProvider.System);
        Assert.Equal([(4L, "b"), (3L, "a"), (2L, "b"), (1L, "a")], store.Benches(null, 10).Select(bench => (bench.Id, bench.Host!)));
        Assert.Equal([(3L, 1L)], store.Read(connection => connection.Rows("SELECT job, changed_from FROM bench WHERE changed_from IS NOT NULL", row => (row.GetInt64(0), row.GetInt64(1)))));
    }

    [Fact]
    public async Task A_controller_answers_with_the_changes_and_a_series_for_each_host()
    {
        await using RunningDaemon controller = await Controller(fleet =>
        {
            fleet.GetNewKernel("a", 600, 650);
            fleet.GetNewKernel("b", 600, 600);
        });
        JsonElement change = (await controller.Get("/api/v1/regressions/by-change")).GetProperty("changes").EnumerateArray().Single();
        Assert.Equal(MadeUpFleet.KernelChange, change.GetProperty("what")[0].GetString());
        Assert.Equal("b", change.GetProperty("unchangedOn")[0].GetString());
        JsonElement host = change.GetProperty("slower")[0].GetProperty("hosts")[0];
        Assert.Equal(("a", 13L), (host.GetProperty("host").GetString(), host.GetProperty("job").GetInt64()));
        Assert.Equal(["a", "b"], (await controller.Get("/api/v1/series")).GetProperty("series").EnumerateArray().Select(series => series.GetProperty("host").GetString()).Order());
        Assert.Equal("b", (await controller.Get("/api/v1/series?host=b")).GetProperty("series").EnumerateArray().Single().GetProperty("host").GetString());
        using HttpResponseMessage refused = await controller.BySocket.GetAsync("/api/v1/regressions/by-change?days=0", TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, refused.StatusCode);

        (int status, string shown, string error) = Shell.Run($"$kvmsys farm regressions --connect unix:{controller.SocketPath}");
        Assert.True(status == 0, error);
        Assert.All(
            new[] { MadeUpFleet.KernelChange, "slower on 1 of 2: a; unchanged on 1: b", "int80 on linux26", "1 of 2", "13 (a)" },
            text => Assert.Contains(text, shown, StringComparison.Ordinal));
        (status, string json, _) = Shell.Run($"$kvmsys farm regressions --json --days 30 --connect unix:{controller.SocketPath}");
        Assert.Equal(0, status);
        Assert.Equal(1, JsonDocument.Parse(json).RootElement.GetProperty("changes").GetArrayLength());
    }

    /// <summary>A controller in this process over a ledger, whose server is never there.</summary>
    internal static Task<RunningDaemon> Controller(Action<MadeUpFleet> with) => RunningDaemon.Start(
        settings =>
        {
            using JobStore jobs = JobStore.Open(settings.StateFolder, TimeProvider.System);
            with(new MadeUpFleet(jobs, TimeProvider.System));
            return settings with { FarmBroker = string.Create(CultureInfo.InvariantCulture, $"nats://127.0.0.1:{FreePort.Next()}") };
        },
        role: DaemonRole.Controller);

    private static string HostsOf(FarmChangeDocument change) =>
        $"slower {string.Join(' ', change.SlowerOn)}, faster {string.Join(' ', change.FasterOn)}, unchanged {string.Join(' ', change.UnchangedOn ?? ["nothing"])}, undecided {string.Join(' ', change.UndecidedOn ?? ["nothing"])}";

    private static void AssertNear((double Least, double Median, double Greatest) expected, HostRangeDocument range, double tolerance) => Assert.All(
        new[] { range.Least - expected.Least, range.Median - expected.Median, range.Greatest - expected.Greatest }, difference => Assert.InRange(difference, -tolerance, tolerance));

    private IReadOnlyList<FarmChangeDocument> Changes() => new FarmChanges(_jobs, new RegressionStore(_jobs, _clock)).List(_clock.Now.AddDays(-7), 1000).Changes;
}
