// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.Json;
using Kvmsys.Monitor.Daemon;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Farm.Controller;
using Kvmsys.Monitor.Farm.Protocol;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Sql;
using Kvmsys.Monitor.Statistics;
using Kvmsys.Tests.NoDevice.Daemon;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>A ledger in PostgreSQL: it tells what one in SQLite tells, one controller at a time writes into it, and what is wrong with its server is said.</summary>
public sealed class LedgerDatabaseTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-ledger-").FullName;
    private readonly Postgres _server = new Postgres().Start();

    /// <summary>What is done to a ledger, and what it then tells.</summary>
    private static readonly Dictionary<string, Func<JobStore, SettableClock, IEnumerable<object?>>> Lives = new()
    {
        ["jobs"] = Jobs,
        ["attempts"] = Attempts,
        ["benches"] = Benches,
        ["events and pruning"] = Events,
        ["schedules"] = Schedules,
        ["a farm"] = AFarm,
        ["what changed on hosts"] = Changes,
    };

    public static TheoryData<string> LivesOfLedgers { get; } = [.. Lives.Keys];

    public void Dispose()
    {
        _server.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [MemberData(nameof(LivesOfLedgers))]
    public void Both_databases_tell_the_same_of_the_same(string life)
    {
        string expected, actual;
        SettableClock clock = new();
        using (JobStore sqlite = JobStore.Open(_folder, clock))
        {
            expected = Told(sqlite, clock, life);
        }

        clock = new();
        using (JobStore postgres = new(PostgresStoreDatabase.Open(Address(_server.Url)), clock))
        {
            actual = Told(postgres, clock, life);
        }

        Assert.Equal(expected, actual);
        Assert.NotEqual("", expected);
    }

    [Fact]
    public void What_was_written_is_there_after_the_server_was_killed_and_the_ledger_opened_again()
    {
        using (JobStore store = Open())
        {
            Submit(store);
            new FarmLedger(store, TimeProvider.System).NotePublished(1, 1);
            _server.Kill();
            Assert.Contains("the database postgres at", Assert.Throws<StoreException>(() => Submit(store)).Message, StringComparison.Ordinal);
            Assert.Throws<StoreException>(() => store.Find(1));
        }

        _server.Start();
        using JobStore again = Open();
        Assert.Equal(JobState.Queued, again.Find(1)!.State);
        Assert.Empty(new FarmLedger(again, TimeProvider.System).Outbox(10));
    }

    [Fact]
    public void One_whose_server_was_away_goes_on()
    {
        using JobStore store = Open();
        _server.Kill();
        _server.Start();
        Assert.Throws<StoreException>(() => Submit(store));
        long id = Submit(store);
        Assert.Throws<StoreException>(() => store.Find(id));
        Assert.Equal(id, store.Find(id)!.Id);
    }

    [Fact]
    public void One_whose_server_was_away_writes_no_more_where_another_had_the_ledger_meanwhile()
    {
        using JobStore store = Open();
        _server.Kill();
        _server.Start();
        Open().Dispose();
        Assert.Throws<StoreException>(store.MayWrite);
        for (int i = 0; i < 2; i++)
        {
            Assert.Contains("another controller has opened the ledger", Assert.Throws<StoreException>(store.MayWrite).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_second_controller_is_refused_and_one_that_stands_by_gets_it_when_the_first_is_gone()
    {
        JobStore first = Open();
        Assert.Contains("another controller uses the database postgres", Assert.Throws<StoreException>(Open).Message, StringComparison.Ordinal);
        List<string> told = [];
        using SemaphoreSlim waits = new(0);
        Task<PostgresStoreDatabase?> standby = Task.Run(() => PostgresStoreDatabase.OpenWhenFree(
            Address(_server.Url),
            reason =>
            {
                told.Add(reason);
                waits.Release();
            },
            TestContext.Current.CancellationToken));
        await waits.WaitAsync(TestContext.Current.CancellationToken);
        Assert.False(standby.IsCompleted);
        first.Dispose();
        using PostgresStoreDatabase? ledger = await standby;
        Assert.NotNull(ledger);
        Assert.Contains("another controller uses", Assert.Single(told), StringComparison.Ordinal);

        // It is let in itself, and not only told that it might be.
        Assert.Throws<StoreException>(Open);
    }

    [Fact]
    public async Task One_that_stands_by_waits_for_the_server_too_until_it_is_told_not_to()
    {
        _server.Kill();
        using CancellationTokenSource enough = new();
        PostgresStoreDatabase? got = await Task.Run(() => PostgresStoreDatabase.OpenWhenFree(Address(_server.Url), _ => enough.Cancel(), enough.Token), TestContext.Current.CancellationToken);
        Assert.Null(got);
    }

    [Fact]
    public void Somebody_elses_tables_are_left_alone()
    {
        _server.Execute("CREATE TABLE job (id int); INSERT INTO job VALUES (7)");
        Assert.Contains("they are not of kvmsys. Cure: give the ledger a database of its own", Assert.Throws<StoreException>(Open).Message, StringComparison.Ordinal);
        _server.Execute("SELECT 1 / count(*) FROM job WHERE id = 7");
        _server.Execute("DROP TABLE job");
        Open().Dispose();
    }

    [Fact]
    public void A_newer_kvmsyss_tables_are_left_alone()
    {
        Open().Dispose();
        _server.Execute("UPDATE kvmsys_schema SET version = 1000");
        Assert.Contains("a newer kvmsys wrote the database", Assert.Throws<StoreException>(Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_writes_nothing_through_is_refused()
    {
        using Postgres lazy = new Postgres("fsync = off").Start();
        Assert.Contains("fsync = off", Assert.Throws<StoreException>(() => Open(lazy.Url)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_commits_need_not_be_on_the_disk_those_of_the_ledger_are()
    {
        using Postgres lazy = new Postgres("synchronous_commit = off").Start();
        using PostgresStoreDatabase database = PostgresStoreDatabase.Open(Address(lazy.Url));
        Assert.Equal("on", database.Writing.Scalar("SELECT current_setting('synchronous_commit')"));
    }

    [Fact]
    public void A_server_without_room_is_a_full_disk_and_nothing_is_changed()
    {
        using JobStore store = Open();
        _server.Execute(
            """
            CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END$$;
            CREATE TRIGGER no_room BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION no_room()
            """);
        Assert.Throws<StoreFullException>(() => Submit(store));
        Assert.Empty(store.List(null, null, 10));
        _server.Execute("DROP TRIGGER no_room ON event");
        Submit(store);
        Assert.Single(store.List(null, null, 10));
    }

    [Fact]
    public void A_password_is_read_from_its_file_and_a_wrong_one_is_told_without_it()
    {
        Open(_server.PasswordUrl).Dispose();
        string file = Path.Combine(_folder, "wrong");
        File.WriteAllText(file, "*:*:*:*:swordfish\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        string told = Assert.Throws<StoreException>(() => Open($"{_server.PasswordUrl.Split('?')[0]}?passfile={file}")).Message;
        Assert.Contains("password authentication failed", told, StringComparison.Ordinal);
        Assert.Contains("28P01", told, StringComparison.Ordinal);
        Assert.DoesNotContain("swordfish", told, StringComparison.Ordinal);
    }

    [Fact]
    public void Nobody_at_the_address_is_told_with_it()
    {
        string told = Assert.Throws<StoreException>(() => Open($"postgresql://kvmsys@127.0.0.1:{FreePort.Next()}/kvmsys")).Message;
        Assert.Contains("the database kvmsys at 127.0.0.1, port", told, StringComparison.Ordinal);
        Assert.Contains("refused", told, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_text_with_what_is_no_character_is_kept_without_it()
    {
        using JobStore store = Open();
        Submit(store);
        (Job job, int attempt) = store.TakeNext()!.Value;
        store.Finish(job.Id, attempt, new AttemptEnd(AttemptOutcome.Refused, 1, "a\0b", "c\ud800d 😀", null));
        Assert.Equal(("a\ufffdb", "c\ufffdd 😀"), (store.Attempts(1)[0].Reason, store.Attempts(1)[0].Log));
    }

    private static PostgresAddress Address(string url) => PostgresAddress.TryParse(url, out PostgresAddress? address) ? address : throw new ArgumentException(url);

    private static JobStore Open(string url) => new(PostgresStoreDatabase.Open(Address(url)), new SettableClock());

    private JobStore Open() => Open(_server.Url);

    private static long Submit(JobStore store) => store.Submit(new JobRequest { Kind = JobKind.Doctor }, "tester", null, 60, 3, 100)!.Value.Job.Id;

    private static string Told(JobStore store, SettableClock clock, string life) => string.Join('\n', Lives[life](store, clock).Select(told => told switch
    {
        null => "null",
        byte[] bytes => Convert.ToHexString(bytes),
        Job job => $"{job with { Request = new() { Kind = job.Request.Kind } }} {JsonSerializer.Serialize(job.Request, DaemonJson.Default.JobRequest)}",
        _ => Convert.ToString(told, CultureInfo.InvariantCulture),
    }));

    private static IEnumerable<object?> Jobs(JobStore store, SettableClock clock)
    {
        JobRequest program = new()
        {
            Kind = JobKind.Run,
            Name = "a name: ü€😀'\"\\",
            Priority = -7,
            DeadlineSeconds = 5,
            Program = new ProgramSpec { File = [0x7f, 0, 0xff], Arguments = ["", "--html"], Environment = ["A=ü"], MemoryMebibytes = 8 },
        };
        yield return store.Submit(program, "tester", "key", 60, 3, 100)!.Value;
        yield return store.Submit(program, "another", "key", 60, 3, 100)!.Value.IsNew;
        Assert.Throws<KeyReusedException>(() => store.Submit(program with { Priority = 1 }, "tester", "key", 60, 3, 100));
        for (int i = 0; i < 4; i++)
        {
            clock.Now += TimeSpan.FromMinutes(1);
            yield return store.Submit(new JobRequest { Kind = JobKind.Doctor, Priority = i % 2 }, "tester", null, 60, 3, 100)!.Value.Job;
        }

        yield return store.Submit(program, "tester", null, 60, 3, 5);
        yield return store.Program(1);
        yield return store.Program(2);
        yield return store.Cancel(2);
        yield return store.Cancel(99);
        yield return store.TakeNext();
        yield return store.Cancel(3);
        yield return store.OldestQueued();
        yield return store.UntilNext();
        yield return string.Join(' ', store.Counts().OrderBy(count => count.Key));
        foreach (Job job in store.List(null, null, 3).Concat(store.List(JobState.Queued, 5, 10)))
        {
            yield return job;
        }

        yield return store.IsCordoned;
        store.IsCordoned = true;
        yield return store.IsCordoned;
        store.TryToWrite();
        store.TryToWrite();
    }

    private static IEnumerable<object?> Attempts(JobStore store, SettableClock clock)
    {
        foreach (AttemptOutcome outcome in Enum.GetValues<AttemptOutcome>())
        {
            long id = store.Submit(new JobRequest { Kind = JobKind.Doctor }, "tester", null, 60, 2, 100)!.Value.Job.Id;
            clock.Now += TimeSpan.FromHours(1);
            (Job job, int attempt) = store.TakeNext()!.Value;
            clock.Now += TimeSpan.FromSeconds(1);
            yield return store.Finish(job.Id, attempt, new AttemptEnd(outcome, 1, "a reason", "a log\nof lines", "{\"a\": [1, 2, 3]}"u8.ToArray()));
            yield return store.Finish(job.Id, attempt, new AttemptEnd(outcome, 2, "again", null, null));
            yield return store.Document(id, 1);
            yield return string.Join(' ', store.Attempts(id));
        }

        clock.Now += TimeSpan.FromHours(1);
        store.Submit(new JobRequest { Kind = JobKind.Doctor, Priority = 9 }, "tester", null, 60, 2, 100);
        store.TakeNext();
        foreach (Job job in store.Recover())
        {
            yield return job;
        }
    }

    private static IEnumerable<object?> Benches(JobStore store, SettableClock clock)
    {
        RegressionStore regressions = new(store, clock);
        for (int i = 0; i < 40; i++)
        {
            long id = store.Submit(new JobRequest { Kind = JobKind.Bench }, "tester", null, 60, 1, 100)!.Value.Job.Id;
            store.TakeNext();
            HistoryEntry entry = new()
            {
                Id = id,
                Time = clock.Now += TimeSpan.FromHours(1),
                CpuBrand = "made up",
                CpuSignature = "1/2/3",
                Microcode = i % 3 == 0 ? null : "0x1",
                Kernel = i < 20 ? "6.1" : "6.2",
                Version = "0.1.0",
                Verdict = "hardware",
                PlanHash = "0123",
                Mechanisms = 1,
                Complete = i % 2 == 0,
                Stable = true,
                Mitigations = i < 20 ? "a" : "b",
            };
            double cost = (i < 20 ? 600 : 700) + (i % 5 / 3.0);
            HistoryFigure[] figures = [new(entry, "bare", "int80", "hardware", true, new Estimate(cost, cost - 1, cost + 1, 0.95)), new(entry, "bare", "empty", "emulated", false, new Estimate(1, 1, 2, 0.9))];
            store.Finish(id, 1, new AttemptEnd(AttemptOutcome.Succeeded, 0, null, null, "{}"u8.ToArray()) { Results = [new ResultVerdict("int80", "bare", "hardware", cost), new ResultVerdict("sysenter", "bare", "failed", null)] }, entry, figures);
            foreach (JobEvent told in regressions.LookFor(figures))
            {
                yield return told;
            }
        }

        foreach (FoundRegression found in regressions.List(null, 10))
        {
            yield return JsonSerializer.Serialize(found.Regression, StoreJson.Default.RegressionDocument);
            yield return regressions.Find(found.Id)!.At;
        }

        yield return string.Join('\n', store.Benches(30, 5));
        yield return string.Join('\n', store.Figures("int80", "bare", 7));
        yield return string.Join('\n', store.Figures(null, null, 3));
        yield return string.Join('\n', store.SeriesOf(store.Figures("empty", null, 1)[0], 4));
        yield return string.Join('\n', store.Latest());
    }

    private static IEnumerable<object?> Events(JobStore store, SettableClock clock)
    {
        WebhookStore webhooks = new(store);
        webhooks.Keep(["http://a", "http://b"]);
        store.Submit(new JobRequest { Kind = JobKind.Doctor, Name = "of a name" }, "tester", "key", 60, 1, 100);
        (Job job, int attempt) = store.TakeNext()!.Value;
        store.Finish(job.Id, attempt, new AttemptEnd(AttemptOutcome.Refused, 1, "why", "log", "{}"u8.ToArray()));
        yield return webhooks.Next("http://a", [EventKinds.JobFailed]);
        webhooks.Told("http://a", webhooks.Next("http://a", [EventKinds.JobFailed])!);
        yield return webhooks.Next("http://a", [EventKinds.JobFailed]);
        webhooks.GiveUp("http://b", webhooks.Next("http://b", [EventKinds.JobFailed])!, "nobody listens");
        webhooks.Keep(["http://b"]);
        yield return store.LatestEvent();
        yield return string.Join('\n', store.EventsAfter(1, 100));
        clock.Now += TimeSpan.FromDays(100);
        yield return store.Prune(TimeSpan.FromDays(90));
        yield return store.Prune(TimeSpan.FromDays(90));
        yield return store.Attempts(1)[0];
        yield return store.Submit(new JobRequest { Kind = JobKind.Doctor }, "tester", "key", 60, 1, 100)!.Value.IsNew;
    }

    private static IEnumerable<object?> Schedules(JobStore store, SettableClock clock)
    {
        ScheduleStore schedules = new(store, clock);
        DaemonSettings settings = new() { StateFolder = "/nowhere", Listen = [], LongestQueue = 2 };
        ScheduleRequest daily = new() { Cron = "@daily", TimeZone = "Europe/Berlin", Job = new JobRequest { Kind = JobKind.Doctor } };
        yield return schedules.Set("daily", daily, "tester")!.Value.IsNew;
        yield return schedules.Set("paused", daily with { Paused = true }, "tester")!.Value.IsNew;
        for (int i = 0; i < 3; i++)
        {
            clock.Now += TimeSpan.FromDays(1);
            yield return schedules.Settle("daily", settings);
        }

        store.Cancel(1);
        store.Submit(daily.Job, "tester", null, 60, 1, 100);
        store.Submit(daily.Job, "tester", null, 60, 1, 100);
        clock.Now += TimeSpan.FromDays(1);
        yield return schedules.Settle("daily", settings);
        yield return schedules.Settle("daily", settings);
        clock.Now -= TimeSpan.FromDays(30);
        yield return schedules.Settle("daily", settings);
        yield return string.Join('\n', schedules.List().Select(schedule => schedule with { Recurrence = null }));
        yield return schedules.Remove("paused");
        yield return schedules.Find("paused");
    }

    private static IEnumerable<object?> Changes(JobStore store, SettableClock clock)
    {
        MadeUpFleet fleet = new(store, clock);
        fleet.GetNewKernel("a", 600, 630);
        fleet.GetNewKernel("b", 600, 550, newMicrocode: "0x2");
        fleet.GetNewKernel("c", 600, 600);
        fleet.GetNewKernel("d", 600, 700, benchesAfter: 3);
        yield return JsonSerializer.Serialize(new FarmChanges(store, new RegressionStore(store, clock)).List(clock.Now.AddDays(-7), 1000), DaemonJson.Default.FarmChangeListDocument);
        yield return string.Join('\n', store.Benches(null, 5));
        yield return string.Join('\n', store.Figures("int80", null, 3, "a"));
        yield return string.Join('\n', store.SeriesOf(store.Figures(null, null, 1, "b")[0], 4));
    }

    private static IEnumerable<object?> AFarm(JobStore store, SettableClock clock)
    {
        FarmLedger ledger = new(store, clock);
        FarmHosts hosts = new(store, clock);
        DaemonSettings settings = new() { StateFolder = "/nowhere", Listen = [], LongestQueue = 3 };
        yield return ledger.Id == new FarmLedger(store, clock).Id;
        HostReport there = new()
        {
            Protocol = FarmProtocol.Version,
            OldestProtocol = FarmProtocol.Oldest,
            Instance = "1",
            At = clock.Now,
            CpuKey = "GenuineIntel-6-1-1-kvm_intel",
            Labels = new Dictionary<string, string> { ["kernel"] = "6.1 ü" },
            Readiness = HostReadiness.Idle,
        };
        yield return hosts.Hear("a", there).IsNews;
        yield return hosts.Cordon("a", true)?.Cordoned;
        clock.Now += TimeSpan.FromMinutes(20);
        hosts.NoteGone();
        yield return hosts.Hear("a", there).IsNews;
        yield return string.Join(' ', new FarmHosts(store, clock).List().Select(host => $"{host.Name} {host.SeenAt} {host.Cordoned} {host.Report.Labels["kernel"]}"));
        BatchRequest batch = new() { Target = "each", Job = new JobRequest { Kind = JobKind.Doctor } };
        yield return JsonSerializer.Serialize(ledger.Submit(batch, ["host:a", "host:b"], "tester", "key", settings)!.Value.Batch);
        yield return ledger.Submit(batch, ["host:a", "host:b"], "tester", "key", settings)!.Value.IsNew;
        yield return ledger.Submit(batch, ["host:a", "host:b"], "tester", null, settings);
        yield return string.Join(' ', ledger.Outbox(1));
        yield return ledger.OutboxState();
        foreach (long job in (long[])[1, 2])
        {
            ledger.NotePublished(job, 1);
        }

        yield return string.Join(' ', ledger.Outstanding());
        yield return ledger.PublishAgain(1);
        yield return string.Join(' ', ledger.Outbox(10));
        yield return ledger.GenerationOf(1);
        AttemptReport report = new() { Protocol = FarmProtocol.Version, Farm = ledger.Id, Job = 1, Host = "a", Run = "1", StartedAt = clock.Now };
        yield return ledger.Begin(report);
        yield return ledger.Begin(report);
        yield return string.Join(' ', ledger.HostsOf(1, since: null));
        yield return ledger.AttemptsThatCount(1);
        JudgedAttempt judged = new(new AttemptEnd(AttemptOutcome.Succeeded, 0, null, null, "{}"u8.ToArray()), null, []);
        yield return ledger.End(report, judged);
        yield return ledger.End(report with { Host = "b" }, judged);
        yield return ledger.End(report with { Job = 99 }, judged);
        yield return string.Join(' ', store.Attempts(1));
        ledger.Begin(report with { Job = 2 });
        store.Cancel(2);
        yield return string.Join(' ', ledger.Cancelled());
        yield return string.Join(' ', ledger.CancelledOn("a"));
        yield return ledger.PublishAgain(2);
        yield return ledger.GiveUp(2, JobState.Cancelled, "nobody makes it");
        yield return ledger.GiveUp(2, JobState.Failed, "nobody makes it");
        ledger.SetAside("farm.result.a.1", "it is none", [0, 1, 2]);
        yield return string.Join(' ', ledger.Aside(10));
        yield return JsonSerializer.Serialize(ledger.FindBatch(1));
        yield return string.Join('\n', store.EventsAfter(0, 100));
    }
}
