// SPDX-License-Identifier: MIT

using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Kvmsys.Monitor.Daemon;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Metrics;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Reports;
using Kvmsys.Tests.NoDevice.Reports;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>What the daemon tells Prometheus.</summary>
public sealed partial class MetricsTests
{
    private const string Doctor = """{"kind":"doctor"}""";
    private const string Int80OnACpu = "mechanism=\"int80\",profile=\"bare\",verdict=\"hardware\"";
    private const string Int80Emulated = "mechanism=\"int80\",profile=\"bare\",verdict=\"emulated\"";
    private const string Verdict = "kvmsys_bench_verdict";
    private const string Median = "kvmsys_bench_median_core_cycles";

    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_metric_is_told_with_its_type_its_meaning_and_its_labels_and_no_other()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start(WithBench(OnACpu()));
        await Make(daemon, Doctor);
        await Scrape.Of(daemon.ByPort);
        Scrape scrape = await Scrape.Of(daemon.ByPort);
        Assert.Equal(DaemonMetric.All.Except(DaemonMetric.OfFarm).Select(metric => (metric.Name, metric.Type)).Order(), scrape.Types.Select(type => (type.Key, type.Value)).Order());
        Assert.All(DaemonMetric.All.Except(DaemonMetric.OfFarm), metric => Assert.Equal(metric.Meaning, scrape.Meanings[metric.Name]));
        foreach ((string name, string labels) in scrape.Samples.Keys)
        {
            string family = scrape.Types.ContainsKey(name) ? name : Suffix().Replace(name, "");
            string[] names = [.. LabelName().Matches(labels).Select(match => match.Groups[1].Value).Where(label => label != "le")];
            Assert.Equal(DaemonMetric.All.Single(metric => metric.Name == family).Labels, names);
        }
    }

    [Fact]
    public async Task Promtool_takes_them_without_a_word()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start(WithBench(OnACpu()));
        await Make(daemon, Doctor);
        Scrape scrape = await Scrape.Of(daemon.ByPort);
        Assert.Equal((0, ""), Promtool.Run(scrape.Text, "check", "metrics"));
    }

    [Fact]
    public async Task They_are_written_as_OpenMetrics_where_that_is_asked_for()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        using HttpRequestMessage request = new(HttpMethod.Get, "/metrics") { Headers = { { "Accept", "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;q=0.1" } } };
        using HttpResponseMessage answer = await daemon.ByPort.SendAsync(request, Cancellation);
        Assert.Equal("application/openmetrics-text", answer.Content.Headers.ContentType!.MediaType);
        string text = await answer.Content.ReadAsStringAsync(Cancellation);
        Assert.EndsWith("# EOF\n", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE kvmsys_attempts counter\n", text, StringComparison.Ordinal);
        Assert.Contains("\nkvmsys_attempts_total{", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_of_this_host_may_read_them_and_nobody_keeps_them()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        using HttpResponseMessage answer = await daemon.ByPort.GetAsync("/metrics", Cancellation);
        Assert.Equal((HttpStatusCode.OK, "text/plain"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        Assert.Equal(["nosniff"], answer.Headers.GetValues("X-Content-Type-Options"));
    }

    [Fact]
    public async Task Who_scrapes_too_often_is_asked_to_wait()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start(settings => settings with { RequestsPerSecond = 1 });
        HashSet<HttpStatusCode> statuses = [];
        for (int i = 0; i < 20; i++)
        {
            using HttpResponseMessage answer = await daemon.ByPort.GetAsync("/metrics", Cancellation);
            statuses.Add(answer.StatusCode);
        }

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.TooManyRequests], statuses);
    }

    [Fact]
    public async Task Gauges_say_what_is_so_when_they_are_asked()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        daemon.Store.IsCordoned = true;
        Scrape before = await Scrape.Of(daemon.ByPort);
        Assert.Equal((0, 0, 1), (before["kvmsys_jobs", "state=\"queued\""], before["kvmsys_oldest_waiting_job_age_seconds"], before["kvmsys_cordoned"]));
        Assert.Equal((0, 0), (before["kvmsys_result_waits_for_room"], before["kvmsys_database_set_aside"]));
        Assert.Equal(1, before["kvmsys_build_info", "version=\"0.1.0\""]);
        using HttpResponseMessage first = await daemon.Submit(Doctor);
        using HttpResponseMessage second = await daemon.Submit(Doctor);
        await Task.Delay(20, Cancellation);
        Scrape after = await Scrape.Of(daemon.ByPort);
        Assert.Equal(2, after["kvmsys_jobs", "state=\"queued\""]);
        Assert.True(after["kvmsys_oldest_waiting_job_age_seconds"] is > 0 and < 600, after.Text);
        Assert.Equal(before["kvmsys_start_time_seconds"], after["kvmsys_start_time_seconds"]);
        daemon.Store.IsCordoned = false;
        Assert.Equal(0, (await Scrape.Of(daemon.ByPort))["kvmsys_cordoned"]);
    }

    [Fact]
    public async Task A_database_that_was_set_aside_is_told()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start(settings =>
        {
            Directory.CreateDirectory(settings.StateFolder);
            File.WriteAllText(Path.Combine(settings.StateFolder, SqliteStoreDatabase.FileName), new string('x', 10_000));
            return settings;
        });
        Assert.Equal(1, (await Scrape.Of(daemon.ByPort))["kvmsys_database_set_aside"]);
    }

    [Fact]
    public async Task Attempts_are_counted_by_kind_and_outcome_from_nothing_on()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        const string done = "kind=\"doctor\",outcome=\"succeeded\"";
        Assert.Equal(0, (await Scrape.Of(daemon.ByPort))["kvmsys_attempts_total", done]);
        await Make(daemon, Doctor);
        await Make(daemon, """{"kind":"run","maxAttempts":1,"program":{"file":"AAAA"}}""");
        Scrape scrape = await Scrape.Of(daemon.ByPort);
        Assert.Equal(1, scrape["kvmsys_attempts_total", done]);
        Assert.Equal(2, scrape.Samples.Where(sample => sample.Key.Name == "kvmsys_attempts_total").Sum(sample => sample.Value));
        Assert.Equal(1, scrape["kvmsys_attempt_duration_seconds_count", "kind=\"doctor\""]);
        Assert.True(scrape["kvmsys_attempt_duration_seconds_sum", "kind=\"doctor\""] > 0, scrape.Text);
        Assert.Equal(1, scrape["kvmsys_attempt_duration_seconds_bucket", "kind=\"doctor\",le=\"3600\""]);
    }

    [Fact]
    public async Task An_attempt_that_a_daemon_before_this_one_has_left_is_counted_as_lost()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start(settings =>
        {
            using JobStore store = JobStore.Open(settings.StateFolder, TimeProvider.System);
            store.Submit(new JobRequest { Kind = JobKind.Run, Program = new ProgramSpec { File = [0] } }, "tester", null, 60, 1, 10);
            store.TakeNext();
            return settings;
        });
        Assert.Equal(1, (await Scrape.Of(daemon.ByPort))["kvmsys_attempts_total", "kind=\"run\",outcome=\"lost\""]);
    }

    [Fact]
    public async Task What_benches_have_measured_is_counted_by_known_words()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        BenchDocument bench = BenchDocument.Of(MadeUpBench.OnACpu());
        MechanismDocument odd = bench.Results[0] with { DiscardReasons = new Dictionary<string, int> { ["a\"\nreason"] = 7, ["noise"] = -3 }, Exits = null, IrqExits = null, EmulatedInstructions = -1 };
        daemon.Metrics.Measured(JobKind.Bench, TimeSpan.FromSeconds(2), bench);
        daemon.Metrics.Measured(JobKind.Bench, TimeSpan.FromSeconds(2), bench with { Results = [odd] });
        Scrape scrape = await Scrape.Of(daemon.ByPort);
        Assert.Equal((3 * 15_360, 3 * 48), (scrape["kvmsys_bench_pairs_total"], scrape["kvmsys_bench_discarded_pairs_total"]));
        Assert.Equal((2 * 48, 0), (scrape["kvmsys_bench_discards_total", "reason=\"host-interrupt\""], scrape["kvmsys_bench_discards_total", "reason=\"noise\""]));
        Assert.All(scrape.LabelsOf("kvmsys_bench_discards_total"), labels => Assert.Matches("^reason=\"[a-z-]+\"$", labels));
        Assert.Equal((2 * 10, 2 * 480), (scrape["kvmsys_kvm_exits_total", "kind=\"irq\""], scrape["kvmsys_kvm_exits_total", "kind=\"other\""]));
        Assert.Equal(0, scrape["kvmsys_kvm_emulated_instructions_total"]);
    }

    [Fact]
    public async Task Medians_and_verdicts_are_those_of_the_latest_bench_also_after_a_restart()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start(WithBench(OnACpu(int80: 500), OnACpu(int80: 600)));
        Scrape scrape = await Scrape.Of(daemon.ByPort);
        Assert.Equal(600, scrape[Median, Int80OnACpu], precision: 6);
        Assert.Equal((1, 0), (scrape[Verdict, Int80OnACpu], scrape[Verdict, Int80Emulated]));
        Assert.Equal(2, scrape.LabelsOf(Median).Count());
    }

    [Fact]
    public async Task An_emulators_bench_has_a_verdict_and_no_median_and_the_one_before_is_none_any_more()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start(WithBench(OnACpu()));
        daemon.Store.IsCordoned = true;
        Assert.Equal(600, (await Scrape.Of(daemon.ByPort))[Median, Int80OnACpu], precision: 6);
        Keep(daemon.Store, BenchDocument.Of(MadeUpBench.Emulated()));
        Scrape scrape = await Scrape.Of(daemon.ByPort);
        Assert.Equal((0, 1), (scrape[Verdict, Int80OnACpu], scrape[Verdict, Int80Emulated]));
        Assert.Equal(double.NaN, scrape[Median, Int80OnACpu]);
        Assert.DoesNotContain(scrape.LabelsOf(Median), labels => labels.Contains("emulated", StringComparison.Ordinal));
        Assert.Equal((0, ""), Promtool.Run(scrape.Text, "check", "metrics"));
    }

    [Fact]
    public async Task An_emulators_median_that_was_asked_for_is_labelled_so()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start(WithBench(BenchDocument.Of(MadeUpBench.Emulated() with { ShowEmulated = true })));
        Scrape scrape = await Scrape.Of(daemon.ByPort);
        Assert.Equal(600, scrape[Median, Int80Emulated], precision: 6);
        Assert.All(scrape.LabelsOf(Median), labels => Assert.Contains("verdict=\"emulated\"", labels, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_name_that_no_mechanism_has_becomes_no_label()
    {
        BenchDocument bench = OnACpu();
        await using RunningDaemon daemon = await RunningDaemon.Start(WithBench(bench with { Results = [bench.Results[0] with { Mechanism = "coffee" }] }));
        Scrape scrape = await Scrape.Of(daemon.ByPort);
        Assert.Empty(scrape.LabelsOf(Median));
        Assert.Equal("coffee", Assert.Single(daemon.Store.Latest()).Mechanism);
    }

    [Fact]
    public async Task Requests_are_counted_by_the_routes_pattern_and_never_by_what_was_asked_for()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        for (int i = 1; i <= 3; i++)
        {
            using HttpResponseMessage job = await daemon.ByPort.GetAsync($"/api/v1/jobs/{i}", Cancellation);
            using HttpResponseMessage nothing = await daemon.ByPort.GetAsync($"/nothing/{i}", Cancellation);
            using HttpResponseMessage refused = await daemon.ByPort.PostAsync("/api/v1/host/cordon", null, Cancellation);
            using HttpResponseMessage deleted = await daemon.ByPort.DeleteAsync("/api/v1/jobs", Cancellation);
        }

        Scrape scrape = await Scrape.Of(daemon.ByPort);
        const string requests = "kvmsys_http_requests_total";
        Assert.Equal(3, scrape[requests, "method=\"GET\",route=\"/api/v1/jobs/{id}\",status=\"404\""]);
        Assert.Equal(3, scrape[requests, "method=\"none\",route=\"none\",status=\"404\""]);
        Assert.Equal(3, scrape[requests, "method=\"none\",route=\"none\",status=\"405\""]);
        Assert.Equal(3, scrape[requests, "method=\"POST\",route=\"/api/v1/host/cordon\",status=\"403\""]);
        Assert.Equal(4, scrape.LabelsOf(requests).Count());
    }

    [Fact]
    public async Task Two_daemons_of_one_process_count_for_themselves()
    {
        await using RunningDaemon one = await RunningDaemon.Start();
        await using RunningDaemon other = await RunningDaemon.Start();
        await Make(one, Doctor);
        const string done = "kind=\"doctor\",outcome=\"succeeded\"";
        Assert.Equal(1, (await Scrape.Of(one.ByPort))["kvmsys_attempts_total", done]);
        Assert.Equal(0, (await Scrape.Of(other.ByPort))["kvmsys_attempts_total", done]);
    }

    private static BenchDocument OnACpu(double int80 = 600) => BenchDocument.Of(MadeUpBench.OnACpu(int80));

    /// <summary>A state in which benches were made already.</summary>
    private static Func<DaemonSettings, DaemonSettings> WithBench(params BenchDocument[] benches) => settings =>
    {
        using JobStore store = JobStore.Open(settings.StateFolder, TimeProvider.System);
        foreach (BenchDocument bench in benches)
        {
            Keep(store, bench);
        }

        return settings;
    };

    private static void Keep(JobStore store, BenchDocument bench)
    {
        store.Submit(new JobRequest { Kind = JobKind.Bench }, "tester", null, 60, 1, 10);
        (Job job, int attempt) = store.TakeNext()!.Value;
        HistoryEntry entry = BenchFigures.EntryOf(bench, TimeProvider.System.GetUtcNow());
        AttemptEnd end = new(AttemptOutcome.Succeeded, 0, null, null, Encoding.UTF8.GetBytes("{}"))
        {
            Results = [.. bench.Results.Select(result => new ResultVerdict(result.Mechanism, result.Profile, result.Verdict, result.CoreCycles?.Value))],
        };
        store.Finish(job.Id, attempt, end, entry, BenchFigures.Of(bench, entry));
    }

    private static async Task Make(RunningDaemon daemon, string json)
    {
        using HttpResponseMessage answer = await daemon.Submit(json);
        await daemon.Ended((await RunningDaemon.Read(answer)).GetProperty("id").GetInt64());
    }

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex Suffix();

    [GeneratedRegex("([a-z_]+)=\"")]
    private static partial Regex LabelName();
}
