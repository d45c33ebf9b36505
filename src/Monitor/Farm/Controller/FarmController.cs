// SPDX-License-Identifier: MIT

using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Kvmsys.Monitor.Daemon;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Metrics;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Farm.Broker;
using Kvmsys.Monitor.Farm.Protocol;
using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using NATS.Client.KeyValueStore;

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>
/// Has a farm's jobs made: puts them into the stream, keeps what comes back, and holds the stream against the ledger. The server does the rest: who is
/// given a job, and what becomes of one whose host is gone.
/// </summary>
/// <param name="settings">How the controller is set.</param>
/// <param name="broker">The farm's server.</param>
/// <param name="streams">What is kept there.</param>
/// <param name="store">The jobs.</param>
/// <param name="ledger">Which of them are where.</param>
/// <param name="hosts">The hosts.</param>
/// <param name="regressions">What has become dearer in the benches.</param>
/// <param name="readBench">Reads a bench's JSON.</param>
/// <param name="metrics">Counts what comes.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The controller's log.</param>
internal sealed partial class FarmController(
    DaemonSettings settings,
    BrokerConnection broker,
    BrokerStreams streams,
    JobStore store,
    FarmLedger ledger,
    FarmHosts hosts,
    RegressionStore regressions,
    BenchReading readBench,
    DaemonMetrics metrics,
    TimeProvider time,
    ILogger<FarmController> logger) : JobEngine
{
    private const string Ledger = "ledger";
    private const int PublishedAtOnce = 200;

    // Requests of one kind that wait for the server's answer at a time: thousands of hosts, one after the other, would be minutes.
    private const int AskedAtOnce = 32;
    private const int MostGenerations = 10;

    // The second word of a result's subject.
    private const string ResultWord = "result";

    // The server's numbers: JSConsumerNotFoundErr, JSNoMessageFoundErr and JSStreamNotFoundErr.
    private const int NoConsumer = 10014;
    private const int NoMessage = 10037;
    private const int NoStream = 10059;

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestSettling = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BetweenPrunings = TimeSpan.FromHours(1);

    private readonly TimeSpan _betweenReconciliations = TimeSpan.FromSeconds(settings.FarmReconcileSeconds);
    private readonly SemaphoreSlim _somethingNew = new(0);
    private readonly HashSet<string> _troubles = [];

    // Hosts that are to have consumers, and to be told what they are to do.
    private readonly Channel<string> _newcomers = Channel.CreateUnbounded<string>();

    // Jobs that have ended while they waited. One that is forgotten with this process is found by the next look at the stream.
    private readonly ConcurrentQueue<long> _unwanted = new();

    // What is decided of a host later is to be what it finds later: one of each host at a time, and of some others.
    private readonly SemaphoreSlim[] _ordering = [.. Enumerable.Range(0, AskedAtOnce).Select(_ => new SemaphoreSlim(1))];
    private DateTimeOffset _reconciledAt;
    private DateTimeOffset _wokenAt;
    private DateTimeOffset _prunedAt;
    private volatile bool _streamsAreThere;

    /// <summary>The hosts.</summary>
    public FarmHosts Hosts => hosts;

    /// <summary>Whether the farm's server is there.</summary>
    public bool IsConnected => broker.IsOpen;

    /// <inheritdoc/>
    public override JobStatus? ProgressOf(long job)
    {
        const int all = 1000;
        return hosts.ProgressOf(job) is double share ? new((long)(share * all), all, null) : null;
    }

    /// <inheritdoc/>
    public override string? ObjectionTo(JobRequest request) => null;

    /// <inheritdoc/>
    public override void Wake()
    {
        if (_somethingNew.CurrentCount == 0)
        {
            _somethingNew.Release();
        }
    }

    /// <inheritdoc/>
    public override Job? Cancel(long id)
    {
        Job? job = store.Cancel(id);
        if (job is { HasEnded: true })
        {
            _unwanted.Enqueue(id);
        }

        Wake();
        return job;
    }

    /// <summary>Decides whether a host is to begin jobs, and tells it.</summary>
    /// <returns>The host; null where there is none of that name.</returns>
    /// <exception cref="StoreFullException">There is no room to note it.</exception>
    public async Task<FarmHost?> Cordon(string name, bool cordoned, CancellationToken cancellation)
    {
        if (hosts.Cordon(name, cordoned) is not FarmHost host)
        {
            return null;
        }

        // Who cannot be told now is told when the server is there again: everybody is, then.
        await Try("orders", () => Order(host.Name, cancellation)).ConfigureAwait(false);
        return host;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        try
        {
            _ = ledger.Id;
            await Task.WhenAll(
                Dispatch(stoppingToken),
                Consume(FarmSubjects.Results, KeepResult, stoppingToken),
                Consume(FarmSubjects.Events, KeepEvent, stoppingToken),
                Consume(FarmSubjects.Dead, KeepDead, stoppingToken),
                HearHosts(stoppingToken),
                GreetHosts(stoppingToken)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The controller stops.
        }
    }

    /// <summary>Makes what has to be there at the server, publishes what waits for it, and looks now and then whether it still is.</summary>
    private async Task Dispatch(CancellationToken stopping)
    {
        Task opening = Open(stopping);
        while (true)
        {
            Step();
            await Try("dispatch", async () =>
            {
                Prune();
                hosts.NoteGone();
                if (!opening.IsCompletedSuccessfully)
                {
                    return;
                }

                if (!_streamsAreThere)
                {
                    await streams.Ensure(stopping).ConfigureAwait(false);
                    _streamsAreThere = true;

                    // All others are greeted when they are heard of.
                    foreach (FarmHost host in hosts.List().Where(host => host.IsThere(time.GetUtcNow())))
                    {
                        _newcomers.Writer.TryWrite(host.Name);
                    }

                    _reconciledAt = default;
                }

                await EndCancelled(stopping).ConfigureAwait(false);
                await Publish(stopping).ConfigureAwait(false);
                if (time.GetUtcNow() - _wokenAt >= BetweenLooks)
                {
                    _wokenAt = time.GetUtcNow();
                    await WakeIdle(stopping).ConfigureAwait(false);
                }

                if (time.GetUtcNow() - _reconciledAt > _betweenReconciliations)
                {
                    await Reconcile(stopping).ConfigureAwait(false);
                    _reconciledAt = time.GetUtcNow();
                    await Publish(stopping).ConfigureAwait(false);
                }
            }).ConfigureAwait(false);
            await _somethingNew.WaitAsync(BetweenLooks, stopping).ConfigureAwait(false);
        }
    }

    private async Task Open(CancellationToken cancellation)
    {
        await broker.Open(cancellation).ConfigureAwait(false);
        Wake();
    }

    private async Task Publish(CancellationToken cancellation)
    {
        while (ledger.Outbox(PublishedAtOnce) is { Count: > 0 } outbox)
        {
            // They are sent in their order, and it is the answers that are waited for together.
            List<(long Job, int Generation, Task Kept)> sent = [];
            HashSet<string> wakes = [];
            foreach ((long id, int generation) in outbox)
            {
                if (store.Find(id) is not Job { HasEnded: false, CancelRequested: false } job)
                {
                    continue;
                }

                FarmTarget target = FarmTarget.Of(job.Request);
                FarmJob message = new()
                {
                    Protocol = FarmProtocol.Version,
                    Farm = ledger.Id,
                    Job = id,
                    DeadlineSeconds = job.DeadlineSeconds,
                    MaxAttempts = job.MaxAttempts,
                    Request = job.Request,
                    Program = store.Program(id) is byte[] program ? FarmProtocol.Pack(program) : null,
                };
                byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(message, FarmJson.Default.FarmJob);
                if (bytes.Length > FarmProtocol.MostBytes)
                {
                    ledger.GiveUp(id, JobState.Failed, $"it is {bytes.Length} bytes long, and the farm's server takes {FarmProtocol.MostBytes}");
                    continue;
                }

                if (target.Kind == FarmTargetKind.Host && hosts.Find(target.Value) is FarmHost host)
                {
                    await streams.EnsureHost(host.Name, host.Report.CpuKey, cancellation).ConfigureAwait(false);
                }

                sent.Add((id, generation + 1, broker.Publish(target.Subject(id), bytes, $"{ledger.Id}.{id}.{generation + 1}", cancellation)));
                wakes.Add(target.Wake);
            }

            Task all = Task.WhenAll(sent.Select(one => one.Kept));
            await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach ((long id, int generation, _) in sent.Where(one => one.Kept.IsCompletedSuccessfully))
            {
                ledger.NotePublished(id, generation);
            }

            foreach (string subject in wakes)
            {
                await broker.Nats.PublishAsync(subject, Array.Empty<byte>(), cancellationToken: cancellation).ConfigureAwait(false);
            }

            await all.ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Wakes idle hosts for jobs that lie in the stream and that nobody says to do: their host was lost, or has given them back. No host that does one is disturbed by it,
    /// and none has to look for itself every few seconds: each look costs the server as much as there are jobs.
    /// </summary>
    private async Task WakeIdle(CancellationToken cancellation)
    {
        IEnumerable<string> waiting = await JobsInStream(cancellation).ConfigureAwait(false);
        FarmHost[] there = [.. hosts.List().Where(host => host.IsThere(time.GetUtcNow()))];

        // A host that has missed a heartbeat may have been killed, and its job may be anybody's before it counts as gone.
        HashSet<long?> done = [.. there.Where(host => time.GetUtcNow() - host.SeenAt < 1.5 * FarmProtocol.BetweenHeartbeats).Select(host => host.Report.Job)];
        Dictionary<FarmTarget, int> targets = waiting.Where(subject => !done.Contains(FarmSubjects.JobOf(subject))).Select(FarmTarget.OfSubject).OfType<FarmTarget>()
            .GroupBy(target => target).ToDictionary(target => target.Key, target => target.Count());
        if (targets.Count == 0)
        {
            return;
        }

        // Whoever has not listened to it the last time is not the first one again.
        FarmHost[] idle = [.. there.Where(host => host is { Report.Readiness: HostReadiness.Idle, Objection: null, Cordoned: false })];
        Random.Shared.Shuffle(idle);
        foreach (FarmHost host in idle)
        {
            FarmTarget? fitting = ((FarmTarget[])[FarmTarget.Host(host.Name), FarmTarget.Cpu(host.Report.CpuKey), FarmTarget.Any]).FirstOrDefault(target => targets.GetValueOrDefault(target) > 0);
            if (fitting is not null)
            {
                targets[fitting]--;
                await broker.Nats.PublishAsync(FarmSubjects.WakeHost(host.Name), Array.Empty<byte>(), cancellationToken: cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The subjects of all jobs that are in the stream.</summary>
    private async Task<IEnumerable<string>> JobsInStream(CancellationToken cancellation)
    {
        INatsJSStream stream = await broker.Streams.GetStreamAsync(FarmSubjects.Jobs, new StreamInfoRequest { SubjectsFilter = FarmSubjects.AllJobs }, cancellation).ConfigureAwait(false);
        return stream.Info.State.Subjects?.Keys ?? [];
    }

    /// <summary>
    /// Finds the jobs that should be in the stream and are not: a server that has lost its disk, or a delivery that was answered by somebody who has told
    /// no end. They are published again.
    /// </summary>
    private async Task Reconcile(CancellationToken cancellation)
    {
        (long Job, DateTimeOffset At)[] outstanding = [.. ledger.Outstanding().Where(job => time.GetUtcNow() - job.At > (_betweenReconciliations < LongestSettling ? _betweenReconciliations : LongestSettling))];
        HashSet<long> there = [.. (await JobsInStream(cancellation).ConfigureAwait(false)).Select(FarmSubjects.JobOf).OfType<long>()];

        foreach (long id in there)
        {
            if (store.Find(id) is Job { HasEnded: true } ended)
            {
                await Remove(ended, cancellation).ConfigureAwait(false);
            }
        }

        ConsumerInfo? reader = await FindConsumer(FarmSubjects.Results, Ledger, cancellation).ConfigureAwait(false);
        await MakeRoom(reader, cancellation).ConfigureAwait(false);

        // What has left the stream may have left its end in the other one: that has to be read first.
        if (!HasReadAll(reader))
        {
            return;
        }

        ILookup<bool, Job> jobs = outstanding.Select(job => store.Find(job.Job)).OfType<Job>().ToLookup(job => there.Contains(job.Id));
        foreach (Job job in jobs[false])
        {
            await PublishAgainOrBury(job, cancellation).ConfigureAwait(false);
        }

        await PublishStuck([.. jobs[true]], cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Takes results out of their stream that the ledger has, the oldest half of them, when there is room for less than as much again: a full stream takes nothing more, and what
    /// nobody has read is not thrown away.
    /// </summary>
    private async Task MakeRoom(ConsumerInfo? reader, CancellationToken cancellation)
    {
        StreamInfo results = (await broker.Streams.GetStreamAsync(FarmSubjects.Results, cancellationToken: cancellation).ConfigureAwait(false)).Info;
        if (reader is not null && results.State.Bytes > results.Config.MaxBytes / 2 && reader.AckFloor.StreamSeq >= results.State.FirstSeq)
        {
            ulong first = results.State.FirstSeq + ((reader.AckFloor.StreamSeq - results.State.FirstSeq) / 2) + 1;
            await broker.Streams.PurgeStreamAsync(FarmSubjects.Results, new StreamPurgeRequest { Seq = first }, cancellation).ConfigureAwait(false);
            LogRoom(first);
        }
    }

    /// <summary>Finds jobs in the stream that their consumer does not know to be there: nobody would ever get them.</summary>
    private async Task PublishStuck(Job[] jobs, CancellationToken cancellation)
    {
        IEnumerable<IGrouping<string, Job>> queues = jobs.GroupBy(job => FarmTarget.Of(job.Request).Consumer, StringComparer.Ordinal);
        await Parallel.ForEachAsync(queues, new ParallelOptions { MaxDegreeOfParallelism = AskedAtOnce, CancellationToken = cancellation }, async (waiting, stopping) =>
        {
            ConsumerInfo? consumer = await FindConsumer(FarmSubjects.Jobs, waiting.Key, stopping).ConfigureAwait(false);
            if (consumer is null)
            {
                // Somebody may have deleted it: a host that is there is to have one.
                streams.Forget(waiting.Key);
                if (FarmTarget.Of(waiting.First().Request) is { Kind: FarmTargetKind.Host } target && hosts.Find(target.Value) is FarmHost host)
                {
                    _newcomers.Writer.TryWrite(host.Name);
                }
            }

            // Where there is none yet, nobody was there to take them.
            if (consumer is { NumPending: 0, NumAckPending: 0 })
            {
                foreach (Job job in waiting)
                {
                    await PublishAgainOrBury(job, stopping).ConfigureAwait(false);
                }
            }
        }).ConfigureAwait(false);
    }

    private static bool HasReadAll(ConsumerInfo? reader) => reader is { NumPending: 0, NumAckPending: 0 };

    private async Task<ConsumerInfo?> FindConsumer(string stream, string name, CancellationToken cancellation)
    {
        try
        {
            return (await broker.Streams.GetConsumerAsync(stream, name, cancellation).ConfigureAwait(false)).Info;
        }
        catch (NatsJSApiException exception) when (exception.Error.ErrCode == NoConsumer)
        {
            return null;
        }
    }

    /// <summary>Has a job published again that no host would get; one that was tried as often as it may be has failed, unless a host that is there is still at it.</summary>
    private async Task PublishAgainOrBury(Job job, CancellationToken cancellation)
    {
        if (ledger.AttemptsThatCount(job.Id) < job.MaxAttempts)
        {
            await Remove(job, cancellation).ConfigureAwait(false);
            PublishAgain(job.Id);
        }
        else if (Making(job.Id, since: time.GetUtcNow() - TimeSpan.FromSeconds(job.DeadlineSeconds) - LongestSettling).Length == 0)
        {
            await Bury(job, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The hosts that are there and are at a job, as far as they have told; only those that have begun it since then, where that is given.</summary>
    private FarmHost[] Making(long job, DateTimeOffset? since) =>
        [.. ledger.HostsOf(job, since).Select(hosts.Find).OfType<FarmHost>().Where(host => host.IsThere(time.GetUtcNow()))];

    private async Task Bury(Job job, CancellationToken cancellation)
    {
        await Remove(job, cancellation).ConfigureAwait(false);
        if (ledger.GiveUp(job.Id, JobState.Failed, $"it was given to a host {ledger.AttemptsThatCount(job.Id)} times, and the last one has not told its end"))
        {
            LogDead(job.Id);
            metrics.Died();
        }
    }

    private void PublishAgain(long job)
    {
        if (ledger.PublishAgain(job))
        {
            LogAgain(job);
        }
    }

    /// <summary>Takes jobs that nobody wants any more out of the stream, and tells the hosts that make them.</summary>
    private async Task EndCancelled(CancellationToken cancellation)
    {
        while (_unwanted.TryPeek(out long waiting))
        {
            await Remove(store.Find(waiting)!, cancellation).ConfigureAwait(false);
            _unwanted.TryDequeue(out _);
        }

        foreach (long id in ledger.Cancelled())
        {
            await Remove(store.Find(id)!, cancellation).ConfigureAwait(false);
            FarmHost[] making = Making(id, since: null);
            if (making.Length == 0)
            {
                ledger.GiveUp(id, JobState.Cancelled, "cancelled");
            }

            foreach (FarmHost host in making)
            {
                await Order(host.Name, cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Takes a job out of the stream, so that no host gets it any more.</summary>
    /// <remarks>By its place there: a purge by its subject makes a server 2.9 forget which deliveries of its neighbours are to be made again.</remarks>
    private async Task Remove(Job job, CancellationToken cancellation)
    {
        try
        {
            INatsJSStream jobs = await broker.Streams.GetStreamAsync(FarmSubjects.Jobs, cancellationToken: cancellation).ConfigureAwait(false);
            StreamMsgGetResponse found = await jobs.GetAsync(
                new StreamMsgGetRequest { LastBySubj = FarmTarget.Of(job.Request).Subject(job.Id) }, cancellation).ConfigureAwait(false);
            await broker.Streams.DeleteMessageAsync(FarmSubjects.Jobs, new StreamMsgDeleteRequest { Seq = found.Message.Seq, NoErase = true }, cancellation).ConfigureAwait(false);
        }
        catch (NatsJSApiException exception) when (exception.Error.ErrCode == NoMessage)
        {
            // Somebody has answered it already.
        }
    }

    /// <summary>Tells a host all that it is to do, where it finds it also when it comes back.</summary>
    private async Task Order(string name, CancellationToken cancellation)
    {
        SemaphoreSlim turn = _ordering[(uint)name.GetHashCode(StringComparison.Ordinal) % _ordering.Length];
        await turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            FarmHost host = hosts.Find(name)!;
            HostOrders orders = new()
            {
                Protocol = FarmProtocol.Version,
                OldestProtocol = FarmProtocol.Oldest,
                Cordoned = host.Cordoned,
                Refusal = host.Objection,
                Farm = ledger.Id,
                Cancelled = ledger.CancelledOn(name),
            };
            await streams.Desired.PutAsync(name, JsonSerializer.SerializeToUtf8Bytes(orders, FarmJson.Default.HostOrders), cancellationToken: cancellation).ConfigureAwait(false);
            await broker.Nats.PublishAsync(FarmSubjects.Control(name), Array.Empty<byte>(), cancellationToken: cancellation).ConfigureAwait(false);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Reads a stream from where the ledger was, for ever; each message is taken off when what it says is on the disk.</summary>
    private async Task Consume(string stream, Func<INatsJSMsg<byte[]>, CancellationToken, Task> keep, CancellationToken stopping)
    {
        while (true)
        {
            if (_streamsAreThere)
            {
                await Try(stream, async () =>
                {
                    INatsJSConsumer consumer = await broker.Streams.CreateOrUpdateConsumerAsync(
                        stream, new ConsumerConfig(Ledger) { AckPolicy = ConsumerConfigAckPolicy.Explicit, AckWait = TimeSpan.FromSeconds(30), MaxAckPending = 64 }, stopping).ConfigureAwait(false);
                    await foreach (INatsJSMsg<byte[]> message in consumer.ConsumeAsync<byte[]>(
                        opts: new NatsJSConsumeOpts { MaxMsgs = 32, Expires = TimeSpan.FromSeconds(10), IdleHeartbeat = TimeSpan.FromSeconds(5) }, cancellationToken: stopping).ConfigureAwait(false))
                    {
                        await keep(message, stopping).ConfigureAwait(false);
                        await message.AckAsync(cancellationToken: stopping).ConfigureAwait(false);
                    }
                }).ConfigureAwait(false);
            }

            await Task.Delay(RetryPause, stopping).ConfigureAwait(false);
        }
    }

    private async Task KeepResult(INatsJSMsg<byte[]> message, CancellationToken cancellation)
    {
        if (Read(message, out string? objection) is not (AttemptReport report, Job job))
        {
            ledger.SetAside(message.Subject, objection!, message.Data ?? []);
            LogSetAside(message.Subject, objection!);
            return;
        }

        JudgedAttempt judged = JudgedAttempt.Of(job.Request.Kind, report, readBench, time.GetUtcNow(), out objection);
        if (objection is not null)
        {
            ledger.SetAside(message.Subject, objection, message.Data ?? []);
            LogSetAside(message.Subject, objection);
        }

        Job? settled = await WhenThereIsRoom(() => ledger.End(report, judged), cancellation).ConfigureAwait(false);
        metrics.Ended(job.Request.Kind, judged.End.Outcome);
        if (settled is { State: JobState.Queued } && !report.Again)
        {
            // The server has delivered it as often as it may, and not each time somebody has got it. Where a later attempt has begun, it was delivered again.
            await Remove(settled, cancellation).ConfigureAwait(false);
            PublishAgain(settled.Id);
            Wake();
        }

        if (settled is { HasEnded: true } && !job.HasEnded)
        {
            LogEnd(job.Id, report.Host, JobWords.Of(judged.End.Outcome), JobWords.Of(settled.State), settled.Reason ?? "as it should");

            // Whoever has told a result answers the delivery too; others may have one of their own.
            if (settled.State != JobState.Done || settled.Attempts > 1)
            {
                await Remove(settled, cancellation).ConfigureAwait(false);
            }

            if (settled.State == JobState.Done && judged.Bench is not null)
            {
                regressions.LookFor([.. judged.Figures.Select(figure => figure with { Entry = judged.Bench with { Id = job.Id, Host = report.Host } })]);
            }
        }
    }

    private Task KeepEvent(INatsJSMsg<byte[]> message, CancellationToken cancellation)
    {
        if (Read(message, out _) is (AttemptReport report, Job { HasEnded: false }))
        {
            ledger.Begin(report);
        }

        return Task.CompletedTask;
    }

    /// <summary>What a host says of an attempt, if it is one of its own at a job of this ledger's that it may be given.</summary>
    private (AttemptReport Report, Job Job)? Read(INatsJSMsg<byte[]> message, out string? objection)
    {
        Job? job = null;
        try
        {
            AttemptReport? report = JsonSerializer.Deserialize(message.Data ?? [], FarmJson.Default.AttemptReport);
            string[] words = message.Subject.Split('.');
            const int host = 2;
            objection = report is null ? "it is empty"
                : report.Host != words[host] || report.Job != FarmSubjects.JobOf(message.Subject) ? $"it says that it is of host {Shown.OneLine(report.Host)} and job {report.Job}"
                : report.Farm != ledger.Id ? "it is of another ledger's job"
                : FarmProtocol.ObjectionTo($"host {report.Host}", report.Protocol, report.Protocol)
                ?? ((job = store.Find(report.Job)) is null ? "there is no such job"
                : !FarmTarget.Of(job.Request).Fits(report.Host, hosts.Find(report.Host)?.Report.CpuKey) ? $"job {job.Id} is for {FarmTarget.Of(job.Request)}, and not for host {report.Host}"
                : report.Outcome is null && words[1] == ResultWord ? "it has no outcome"
                : null);
            return objection is null ? (report!, job!) : null;
        }
        catch (JsonException exception)
        {
            objection = exception.Message;
            return null;
        }
    }

    /// <summary>A job was delivered as often as it may be, and nobody has answered: it lies in the stream for ever.</summary>
    private async Task KeepDead(INatsJSMsg<byte[]> message, CancellationToken cancellation)
    {
        if (JsonNode.Parse(message.Data ?? []) is not JsonObject advisory || (ulong?)advisory["stream_seq"] is not ulong sequence)
        {
            return;
        }

        INatsJSStream jobs = await broker.Streams.GetStreamAsync(FarmSubjects.Jobs, cancellationToken: cancellation).ConfigureAwait(false);
        try
        {
            StreamMsgGetResponse dead = await jobs.GetAsync(new StreamMsgGetRequest { Seq = sequence }, cancellation).ConfigureAwait(false);
            if (FarmSubjects.JobOf(dead.Message.Subject) is long id && store.Find(id) is Job { HasEnded: false } job)
            {
                bool isRead = HasReadAll(await FindConsumer(FarmSubjects.Results, Ledger, cancellation).ConfigureAwait(false));
                if (ledger.AttemptsThatCount(id) < job.MaxAttempts && ledger.GenerationOf(id) < MostGenerations)
                {
                    // Somebody was cut off, and has not got what the server has sent; or has given it back.
                    await Remove(job, cancellation).ConfigureAwait(false);
                    PublishAgain(id);
                    Wake();
                }
                else if (isRead)
                {
                    // Where not, its last host may have given it back: who reconciles decides.
                    await Bury(job, cancellation).ConfigureAwait(false);
                }
            }
        }
        catch (NatsJSApiException exception) when (exception.Error.ErrCode == NoMessage)
        {
            // It was taken off meanwhile.
        }
    }

    private async Task HearHosts(CancellationToken stopping)
    {
        while (true)
        {
            if (_streamsAreThere)
            {
                // Whoever watches a bucket is not always told that the server has forgotten him: of a farm that says nothing for so long, one asks again.
                using CancellationTokenSource silence = CancellationTokenSource.CreateLinkedTokenSource(stopping);
                await Try(FarmSubjects.Hosts, async () =>
                {
                    try
                    {
                        silence.CancelAfter(FarmProtocol.LongestSilence);
                        await foreach (NatsKVEntry<byte[]> entry in streams.Hosts.WatchAsync<byte[]>(cancellationToken: silence.Token).ConfigureAwait(false))
                        {
                            silence.CancelAfter(FarmProtocol.LongestSilence);
                            if (entry.Value is { Length: > 0 } value && FarmNames.IsHost(entry.Key))
                            {
                                Hear(entry.Key, value);
                            }
                        }
                    }
                    catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
                    {
                        // It is watched anew.
                    }
                }).ConfigureAwait(false);
            }

            await Task.Delay(RetryPause, stopping).ConfigureAwait(false);
        }
    }

    private void Hear(string name, byte[] value)
    {
        HostReport? report;
        try
        {
            report = JsonSerializer.Deserialize(value, FarmJson.Default.HostReport);
        }
        catch (JsonException exception)
        {
            LogNoReport(name, exception.Message);
            return;
        }

        if (report is null || !report.HasSoundLabels)
        {
            LogNoReport(name, "it is empty, or its labels are too many or too long");
            return;
        }

        (FarmHost host, bool isNews) = hosts.Hear(name, report);
        if (isNews)
        {
            LogHost(name, report.CpuKey, host.Objection ?? host.Skew ?? "it is there");
            _newcomers.Writer.TryWrite(name);
        }
    }

    /// <summary>Has consumers made for hosts that have come, and tells them what they are to do: several at a time, for all may come at once.</summary>
    private Task GreetHosts(CancellationToken stopping) => Parallel.ForEachAsync(
        _newcomers.Reader.ReadAllAsync(stopping), new ParallelOptions { MaxDegreeOfParallelism = AskedAtOnce, CancellationToken = stopping }, async (name, cancellation) =>
        {
            bool isDone = false;
            while (!isDone)
            {
                await Try("newcomers", async () =>
                {
                    // What is known of it now, and not when it was noticed.
                    if (hosts.Find(name) is FarmHost host)
                    {
                        if (FarmNames.IsCpuKey(host.Report.CpuKey))
                        {
                            await streams.EnsureHost(name, host.Report.CpuKey, cancellation).ConfigureAwait(false);
                        }

                        await Order(name, cancellation).ConfigureAwait(false);
                    }

                    isDone = true;
                }).ConfigureAwait(false);
                if (!isDone)
                {
                    await Task.Delay(RetryPause, cancellation).ConfigureAwait(false);
                }
            }
        });

    private async Task<T> WhenThereIsRoom<T>(Func<T> action, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return action();
            }
            catch (StoreFullException exception)
            {
                WaitsForRoom = true;
                LogTrouble("ledger", exception.Message);
                await Task.Delay(RetryPause, cancellation).ConfigureAwait(false);
            }
            finally
            {
                WaitsForRoom = false;
            }
        }
    }

    private void Prune()
    {
        if (time.GetUtcNow() - _prunedAt > BetweenPrunings)
        {
            _prunedAt = time.GetUtcNow();
            store.Prune(TimeSpan.FromDays(settings.KeepDays));
        }
    }

    /// <summary>Does something for which the server, or room on the disk, may be missing. It is tried again anyway; each trouble is told once until it is over.</summary>
    private async Task Try(string what, Func<Task> action)
    {
        try
        {
            await action().ConfigureAwait(false);
            lock (_troubles)
            {
                _troubles.Remove(what);
            }
        }
        catch (Exception exception) when (exception is NatsException or StoreFullException or TimeoutException)
        {
            // A server that has lost its streams is given them again.
            if (exception is NatsJSApiException { Error.ErrCode: NoStream } or NatsNoRespondersException or NatsJSApiNoResponseException)
            {
                _streamsAreThere = false;
                Wake();
            }

            lock (_troubles)
            {
                if (!_troubles.Add(what))
                {
                    return;
                }
            }

            LogTrouble(what, exception.Message);
        }
    }

    [LoggerMessage(LogLevel.Information, "job {Job}: host {Host} says {Outcome}, and the job is {State}: {Reason}")]
    private partial void LogEnd(long job, string host, string outcome, string state, string reason);

    [LoggerMessage(LogLevel.Information, "the stream of results was half full: those before number {First}, which the ledger has, are out of it")]
    private partial void LogRoom(ulong first);

    [LoggerMessage(LogLevel.Warning, "job {Job} was not where a host would get it any more, and is put there again")]
    private partial void LogAgain(long job);

    [LoggerMessage(LogLevel.Error, "job {Job} was given to a host as often as it may be, and the last one has not told its end: it has failed")]
    private partial void LogDead(long job);

    [LoggerMessage(LogLevel.Error, "what came at {Subject} is no result, and was set aside: {Reason}")]
    private partial void LogSetAside(string subject, string reason);

    [LoggerMessage(LogLevel.Error, "what host {Name} says of itself makes no sense: {Reason}")]
    private partial void LogNoReport(string name, string reason);

    [LoggerMessage(LogLevel.Information, "host {Name}, a {CpuKey}: {State}")]
    private partial void LogHost(string name, string cpuKey, string state);

    [LoggerMessage(LogLevel.Warning, "{What}: {Reason}")]
    private partial void LogTrouble(string what, string reason);
}
