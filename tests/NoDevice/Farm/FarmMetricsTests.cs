// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Metrics;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Farm.Controller;
using Kvmsys.Monitor.Farm.Protocol;
using Kvmsys.Tests.NoDevice.Daemon;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>What a farm's controller tells Prometheus beside what a daemon does.</summary>
public sealed class FarmMetricsTests
{
    [Fact]
    public async Task A_controller_tells_every_metric_of_a_farm_and_promtool_takes_them()
    {
        await using RunningDaemon controller = await FarmChangeTests.Controller(fleet => fleet.Hear("a"));
        Scrape scrape = await Scrape.Of(controller.ByPort);
        Assert.All(DaemonMetric.OfFarm, metric => Assert.Equal((metric.Type, metric.Meaning), (scrape.Types[metric.Name], scrape.Meanings[metric.Name])));
        Assert.Equal((0, ""), Promtool.Run(scrape.Text, "check", "metrics"));
        Assert.All(DaemonMetric.OfFarm.Where(metric => metric.Type == DaemonMetric.Counter), metric => Assert.Equal(0, scrape[metric.Name]));
    }

    [Fact]
    public async Task Hosts_are_counted_by_what_they_say_of_themselves_and_one_that_is_cordoned_is_missed_by_nobody()
    {
        await using RunningDaemon controller = await FarmChangeTests.Controller(_ => { });
        FarmHosts hosts = controller.Part<FarmHosts>();
        Assert.Equal(0, (await Scrape.Of(controller.ByPort))["kvmsys_farm_hosts", "state=\"idle\""]);
        foreach ((string name, HostReadiness readiness) in new[] { ("a", HostReadiness.Idle), ("b", HostReadiness.Idle), ("c", HostReadiness.Busy), ("d", HostReadiness.Idle) })
        {
            hosts.Hear(name, MadeUpFleet.Report(name, TimeProvider.System) with { Readiness = readiness });
        }

        hosts.Hear("e", MadeUpFleet.Report("e", TimeProvider.System) with { OldestProtocol = FarmProtocol.Version + 1, Protocol = FarmProtocol.Version + 1 });
        hosts.Cordon("d", true);
        Scrape scrape = await Scrape.Of(controller.ByPort);
        Assert.Equal(
            [("busy", 1), ("cordoned", 1), ("gone", 0), ("idle", 2), ("noisy", 0), ("refused", 1)],
            FarmHost.States.Order(StringComparer.Ordinal).Select(state => (state, scrape["kvmsys_farm_hosts", $"state=\"{state}\""])));
        DateTimeOffset later = TimeProvider.System.GetUtcNow() + FarmProtocol.LongestSilence;
        Assert.Equal(["gone", "gone", "gone", "cordoned", "gone"], hosts.List().Select(host => host.StateAt(later)));
    }

    [Fact]
    public async Task What_waits_to_be_published_and_what_went_another_way_is_told()
    {
        await using RunningDaemon controller = await FarmChangeTests.Controller(_ => { });
        FarmLedger ledger = controller.Part<FarmLedger>();
        Scrape scrape = await Scrape.Of(controller.ByPort);
        Assert.Equal((0, 0, 0), (scrape["kvmsys_farm_outbox_jobs"], scrape["kvmsys_farm_outbox_oldest_age_seconds"], scrape["kvmsys_farm_broker_connected"]));
        long first = Submit(controller.Store), second = Submit(controller.Store);
        await Task.Delay(20, TestContext.Current.CancellationToken);
        scrape = await Scrape.Of(controller.ByPort);
        Assert.Equal(2, scrape["kvmsys_farm_outbox_jobs"]);
        Assert.InRange(scrape["kvmsys_farm_outbox_oldest_age_seconds"], 0.001, 600);
        ledger.NotePublished(first, 1);
        ledger.NotePublished(second, 1);
        Assert.True(ledger.PublishAgain(first));
        ledger.SetAside("farm.result.a.7", "it is empty", []);
        AttemptReport report = new() { Protocol = FarmProtocol.Version, Farm = ledger.Id, Job = second, Host = "a", Run = "1", StartedAt = DateTimeOffset.UtcNow, Outcome = AttemptOutcome.Succeeded };
        JudgedAttempt judged = new(new AttemptEnd(AttemptOutcome.Succeeded, 0, null, null, "{}"u8.ToArray()), null, []);
        ledger.End(report, judged);
        ledger.End(report with { Host = "b" }, judged);
        controller.Metrics.Died();
        scrape = await Scrape.Of(controller.ByPort);
        Assert.Equal(1, scrape["kvmsys_farm_outbox_jobs"]);
        Assert.All(DaemonMetric.OfFarm.Where(metric => metric.Type == DaemonMetric.Counter), metric => Assert.Equal(1, scrape[metric.Name]));
    }

    [Fact]
    public async Task Whether_the_server_is_there_and_what_its_hosts_do_is_told()
    {
        await using Farm farm = await Farm.Start("a");
        await farm.Until(async () => (await Scrape.Of(farm.Controller.Client))["kvmsys_farm_hosts", "state=\"idle\""] == 1, "the host is not idle");
        Assert.Equal(1, (await Scrape.Of(farm.Controller.Client))["kvmsys_farm_broker_connected"]);
        farm.Broker.Kill();
        await farm.Until(async () => (await Scrape.Of(farm.Controller.Client))["kvmsys_farm_broker_connected"] == 0, "the server that is away is there");
        await farm.Until(async () => (await Scrape.Of(farm.Controller.Client))["kvmsys_farm_hosts", "state=\"gone\""] == 1, "the host that is not heard of is there");
    }

    [Fact]
    public void A_job_that_is_published_again_waits_since_then_and_not_since_it_was_submitted()
    {
        string folder = Directory.CreateTempSubdirectory("kvmsys-ledger-").FullName;
        SettableClock clock = new();
        DateTimeOffset submitted = clock.Now;
        using (JobStore jobs = JobStore.Open(folder, clock))
        {
            FarmLedger ledger = new(jobs, clock);
            Assert.Equal((0L, null), ledger.OutboxState());
            long id = Submit(jobs);
            clock.Now += TimeSpan.FromHours(1);
            Assert.Equal((1L, submitted), ledger.OutboxState());
            ledger.NotePublished(id, 1);
            Assert.Equal((0L, null), ledger.OutboxState());
            ledger.PublishAgain(id);
            Assert.Equal((1L, submitted.AddHours(1)), ledger.OutboxState());
        }

        Directory.Delete(folder, recursive: true);
    }

    private static long Submit(JobStore jobs) => jobs.Submit(new JobRequest { Kind = JobKind.Doctor }, "tester", null, 60, 3, 100)!.Value.Job.Id;
}
