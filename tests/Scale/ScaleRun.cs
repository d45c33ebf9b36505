// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Farm.Controller;
using NATS.Client.Core;

namespace Kvmsys.Scale;

/// <summary>The course of one simulation: the farm is set up, hosts join, wait for work, get it all at once, and controller and server are started anew.</summary>
/// <param name="figures">What it comes to.</param>
/// <param name="document">A bench's document, packed.</param>
/// <param name="say">Says how far it is.</param>
internal sealed class ScaleRun(ScaleFigures figures, byte[] document, Action<string> say)
{
    private const int Questions = 7;
    private const int Pings = 200;

    private static readonly TimeSpan JobTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);

    /// <summary>Simulates it.</summary>
    /// <param name="server">nats-server.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task Make(string server, CancellationToken cancellation)
    {
        say("keys");
        using LoadedFarm farm = new(server, figures.Agents);
        try
        {
            await using Fleet fleet = new(document, JobTime);
            await SetUp(farm, cancellation).ConfigureAwait(false);
            await Join(farm, fleet, cancellation).ConfigureAwait(false);
            await Wait(farm, fleet, cancellation).ConfigureAwait(false);
            await Ask(farm, cancellation).ConfigureAwait(false);
            await Batch(farm, fleet, cancellation).ConfigureAwait(false);
            await Reload(farm, fleet, cancellation).ConfigureAwait(false);
            await StartAnew(farm, fleet, cancellation).ConfigureAwait(false);
            figures.Troubles = fleet.Troubles;
        }
        catch (Exception exception) when (exception is ScaleException or HttpRequestException or NatsException or TaskCanceledException)
        {
            figures.EndedBy = exception.Message;
            say($"ended: {exception.Message}\n{farm.Logs}");
        }
    }

    private async Task SetUp(LoadedFarm farm, CancellationToken cancellation)
    {
        say("server.conf");
        figures.ConfigureSeconds = farm.Configure().TotalSeconds;
        figures.AddKeySeconds = farm.AddHost("one-more").TotalSeconds;
        (figures.FarmJsonBytes, figures.ServerConfBytes) = (farm.DocumentBytes, farm.ConfigurationBytes);
        say("nats-server");
        figures.BrokerStartSeconds = (await farm.StartBroker(cancellation).ConfigureAwait(false)).TotalSeconds;
        figures.BrokerEmptyMegabytes = Load.ResidentMegabytes(farm.Broker);
        say("controller");
        figures.ControllerStartSeconds = (await farm.StartController(cancellation).ConfigureAwait(false)).TotalSeconds;
    }

    private async Task Join(LoadedFarm farm, Fleet fleet, CancellationToken cancellation)
    {
        say("hosts join");
        long begin = Stopwatch.GetTimestamp();
        DateTimeOffset since = DateTimeOffset.UtcNow;
        await fleet.Join(farm.Hosts, cancellation).ConfigureAwait(false);
        figures.ConnectSeconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        say("the controller hears of them");
        await UntilHeard(farm, since, cancellation).ConfigureAwait(false);
        figures.HeardSeconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
    }

    /// <summary>Hosts say that they are there, and look for work that there is not.</summary>
    private async Task Wait(LoadedFarm farm, Fleet fleet, CancellationToken cancellation)
    {
        say("steady state");
        await Task.Delay(Settling, cancellation).ConfigureAwait(false);
        fleet.Looks.Clear();
        Load broker = Load.Of(farm.Broker), controller = Load.Of(farm.Controller), agents = Load.Of(Environment.ProcessId);
        await Task.Delay(Steady, cancellation).ConfigureAwait(false);
        (figures.BrokerCpuPercent, figures.ControllerCpuPercent, figures.AgentsCpuPercent) = (broker.CpuPercent, controller.CpuPercent, agents.CpuPercent);
        figures.Look = fleet.Looks.Figure();
        (figures.BrokerMegabytes, figures.ControllerMegabytes, figures.AgentsMegabytes) =
            (Load.ResidentMegabytes(farm.Broker), Load.ResidentMegabytes(farm.Controller), Load.ResidentMegabytes(Environment.ProcessId));
        figures.BrokerFiles = Load.OpenFiles(farm.Broker);
        figures.LoadAverage = double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);

        // The controller's list shows which heartbeat it has of each host, and when that came.
        Latencies heartbeats = new(), pings = new();
        Dictionary<string, SimulatedAgent> named = fleet.Agents.ToDictionary(agent => agent.Name, StringComparer.Ordinal);
        foreach (FarmHostDocument host in await Hosts(farm, cancellation).ConfigureAwait(false))
        {
            if (int.TryParse(host.Reason, CultureInfo.InvariantCulture, out int heartbeat) && named[host.Name].SentAt(heartbeat) is DateTimeOffset sent)
            {
                heartbeats.Add(host.SeenAt - sent);
            }
        }

        foreach (SimulatedAgent agent in Random.Shared.GetItems([.. fleet.Agents], Pings))
        {
            pings.Add(await agent.Ping(cancellation).ConfigureAwait(false));
        }

        (figures.Heartbeat, figures.Ping) = (heartbeats.Figure(), pings.Figure());
    }

    /// <summary>What a person's browser asks for.</summary>
    private async Task Ask(LoadedFarm farm, CancellationToken cancellation)
    {
        say("questions");
        Latencies lists = new(), pages = new();
        for (int i = 0; i < Questions; i++)
        {
            (byte[] body, TimeSpan time) = await farm.Get("/api/v1/hosts", cancellation).ConfigureAwait(false);
            lists.Add(time);
            figures.HostListBytes = body.Length;
            long begin = Stopwatch.GetTimestamp();
            await Task.WhenAll(((string[])["/", "/api/v1/host", "/api/v1/hosts", "/api/v1/series?limit=200", "/api/v1/aside"]).Select(path => farm.Get(path, cancellation))).ConfigureAwait(false);
            pages.Add(Stopwatch.GetElapsedTime(begin));
        }

        (figures.HostList, figures.HostsPage) = (lists.Figure(), pages.Figure());
    }

    /// <summary>A job for each host, all at once.</summary>
    private async Task Batch(LoadedFarm farm, Fleet fleet, CancellationToken cancellation)
    {
        const string job = """{"target":"each","job":{"kind":"bench","bench":{"profiles":["host64"]}}}""";
        say("a job for each");
        Load broker = Load.Of(farm.Broker), controller = Load.Of(farm.Controller), agents = Load.Of(Environment.ProcessId);
        long begin = Stopwatch.GetTimestamp();
        (BatchDocument batch, TimeSpan submitted) = await farm.Post("/api/v1/batches", job, DaemonJson.Default.BatchDocument, cancellation).ConfigureAwait(false);
        (figures.Jobs, figures.SubmitSeconds) = (batch.Jobs.Count, submitted.TotalSeconds);
        long done = 0;
        await LoadedFarm.Until(
            async () =>
            {
                long now = (await farm.Jobs(cancellation).ConfigureAwait(false))[JobWords.Of(JobState.Done)];
                figures.FirstDoneSeconds ??= now > 0 ? Stopwatch.GetElapsedTime(begin).TotalSeconds : null;
                if (now != done)
                {
                    say($"{done = now} jobs done after {Stopwatch.GetElapsedTime(begin).TotalSeconds:F0} s");
                }

                return now == batch.Jobs.Count;
            },
            "not all jobs come to their end",
            cancellation,
            BetweenLooks).ConfigureAwait(false);
        figures.AllDoneSeconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        figures.JobsPerSecond = batch.Jobs.Count / (figures.AllDoneSeconds - submitted.TotalSeconds);
        (figures.BrokerBatchCpuPercent, figures.ControllerBatchCpuPercent, figures.AgentsBatchCpuPercent) = (broker.CpuPercent, controller.CpuPercent, agents.CpuPercent);
        (figures.BrokerBatchMegabytes, figures.ControllerBatchMegabytes) = (Load.ResidentMegabytes(farm.Broker), Load.ResidentMegabytes(farm.Controller));
        figures.ResultBytes = fleet.ResultBytes;
        (figures.Handed, figures.Kept) = (fleet.Handed.Figure(), fleet.Kept.Figure());

        Latencies settled = new();
        BatchDocument after = await farm.Get($"/api/v1/batches/{batch.Id}", DaemonJson.Default.BatchDocument, cancellation).ConfigureAwait(false);
        foreach (JobDocument one in after.Jobs)
        {
            if (one.EndedAt is DateTimeOffset ended && fleet.ResultSentAt(one.Id) is DateTimeOffset sent)
            {
                settled.Add(ended - sent);
            }
        }

        figures.Settled = settled.Figure();
    }

    /// <summary>One more host is let in while all others are there.</summary>
    private async Task Reload(LoadedFarm farm, Fleet fleet, CancellationToken cancellation)
    {
        say("one more key");
        int before = fleet.Connected;
        farm.AddHost("another-one");
        figures.ReloadSeconds = (await farm.Reload(cancellation).ConfigureAwait(false)).TotalSeconds;
        await Task.Delay(BetweenLooks, cancellation).ConfigureAwait(false);
        figures.LostByReload = before - fleet.Connected;
        figures.BrokerReloadedMegabytes = Load.ResidentMegabytes(farm.Broker);
    }

    private async Task StartAnew(LoadedFarm farm, Fleet fleet, CancellationToken cancellation)
    {
        say("the controller is started anew");
        farm.KillController();
        DateTimeOffset since = DateTimeOffset.UtcNow;
        figures.ControllerRestartSeconds = (await farm.StartController(cancellation).ConfigureAwait(false)).TotalSeconds;
        await UntilHeard(farm, since, cancellation).ConfigureAwait(false);
        figures.ControllerHeardSeconds = (DateTimeOffset.UtcNow - since).TotalSeconds;

        say("the server is killed, and started anew");
        farm.KillBroker();
        since = DateTimeOffset.UtcNow;
        figures.BrokerRestartSeconds = (await farm.StartBroker(cancellation).ConfigureAwait(false)).TotalSeconds;
        await UntilHeard(farm, since, cancellation).ConfigureAwait(false);
        figures.BrokerHeardSeconds = (DateTimeOffset.UtcNow - since).TotalSeconds;
        await LoadedFarm.Until(() => Task.FromResult(fleet.Connected == figures.Agents), "not all hosts come back", cancellation, BetweenLooks).ConfigureAwait(false);
        figures.BrokerBackSeconds = (DateTimeOffset.UtcNow - since).TotalSeconds;
    }

    private async Task UntilHeard(LoadedFarm farm, DateTimeOffset since, CancellationToken cancellation)
    {
        int heard = 0;
        await LoadedFarm.Until(
            async () =>
            {
                int now = (await Hosts(farm, cancellation).ConfigureAwait(false)).Count(host => host.SeenAt > since);
                if (now != heard)
                {
                    say($"heard of {heard = now}");
                }

                return now == figures.Agents;
            },
            "the controller does not hear of all hosts",
            cancellation,
            BetweenLooks).ConfigureAwait(false);
    }

    private static async Task<IReadOnlyList<FarmHostDocument>> Hosts(LoadedFarm farm, CancellationToken cancellation) =>
        (await farm.Get("/api/v1/hosts", DaemonJson.Default.FarmHostListDocument, cancellation).ConfigureAwait(false)).Hosts;
}
