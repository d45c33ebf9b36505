// SPDX-License-Identifier: MIT

using System.Collections.Concurrent;
using System.Text.Json;
using Kvmsys.Monitor.Daemon;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Farm.Broker;
using Kvmsys.Monitor.Farm.Protocol;
using Kvmsys.Monitor.Host;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using NATS.Client.JetStream;

namespace Kvmsys.Monitor.Farm.Agent;

/// <summary>
/// Joins a daemon to a farm: takes one job at a time, when the host is idle and quiet, and makes it a job of the daemon's own; tells the farm how that
/// goes, and answers the delivery when the farm has the end.
/// </summary>
/// <param name="farm">Where the farm is, and what this host is called in it.</param>
/// <param name="settings">How the daemon is set.</param>
/// <param name="broker">The farm's server.</param>
/// <param name="store">The daemon's jobs.</param>
/// <param name="loop">Makes them.</param>
/// <param name="host">The host.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The daemon's log.</param>
internal sealed partial class FarmAgent(
    BrokerLogin farm, DaemonSettings settings, BrokerConnection broker, JobStore store, JobLoop loop, HostEnvironment host, TimeProvider time, ILogger<FarmAgent> logger) : BackgroundService
{
    // For a job with its program, and what comes of it.
    private const long LeastRoomBytes = 4L * FarmProtocol.MostBytes;

    // The controller tells of a job that is new, and of one that has come back. While it is away, one that has come back is found by whoever looks next.
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BetweenOrders = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(2);

    private readonly AssignmentStore _assignments = new(store);
    private readonly HostNoise _noise = new();
    private readonly string _instance = Guid.NewGuid().ToString("N");
    private readonly string _cpuKey = FarmNames.CpuKey(host);
    private readonly SemaphoreSlim _somethingNew = new(0);

    // What the host says of itself is not so any more.
    private readonly SemaphoreSlim _changed = new(0);
    private readonly Dictionary<string, INatsJSConsumer> _consumers = [];
    private readonly ConcurrentDictionary<string, string> _troubles = [];
    private IReadOnlyDictionary<string, string> _labels = new Dictionary<string, string>();
    private HostOrders? _orders;
    private DateTimeOffset _ordersAt;
    private TimeSpan _ackWait = BrokerStreams.UsualAckWait;

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);

        // The loop of the daemon's own jobs has ended already: what is not done will not be, and another host may have it at once.
        using CancellationTokenSource over = new(LastWords);
        try
        {
            if (broker.IsOpen)
            {
                foreach (Assignment assignment in _assignments.Open())
                {
                    if (store.Find(assignment.Job) is Job { HasEnded: false } own)
                    {
                        await GiveBack(assignment, own, over.Token).ConfigureAwait(false);
                    }
                }

                await Tell(over.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is NatsException or StoreFullException or OperationCanceledException)
        {
            LogNotTold(exception.Message);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        void Hear(JobEvent happened) => Wake();
        store.Happened += Hear;
        broker.Connected += LookAtOrders;
        try
        {
            LogJoins(farm.Name, _cpuKey, farm.Url);
            _labels = await HostLabels.Of(host, settings, stoppingToken).ConfigureAwait(false);
            await broker.Open(stoppingToken).ConfigureAwait(false);

            // Who hears that this host is there may tell it something at once.
            await Task.WhenAll(
                Listen(FarmSubjects.Control(farm.Name), ReadOrders, stoppingToken),
                Listen(FarmSubjects.WakeHost(farm.Name), WakeUp, stoppingToken),
                Listen(FarmSubjects.WakeClass(_cpuKey), WakeUp, stoppingToken),
                Listen(FarmSubjects.WakeAll, WakeUp, stoppingToken),
                Work(stoppingToken),
                SayThatItIsThere(stoppingToken)).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The daemon stops.
        }
        finally
        {
            store.Happened -= Hear;
            broker.Connected -= LookAtOrders;
        }

        void LookAtOrders()
        {
            _ordersAt = default;
            Wake();
        }

        Task WakeUp(CancellationToken cancellation)
        {
            Wake();
            return Task.CompletedTask;
        }
    }

    private async Task Work(CancellationToken stopping)
    {
        while (true)
        {
            bool isBusy = false;
            await Try("jobs", async () =>
            {
                if (_orders is null || time.GetUtcNow() - _ordersAt > BetweenOrders)
                {
                    await ReadOrders(stopping).ConfigureAwait(false);
                }

                await Tell(stopping).ConfigureAwait(false);
                isBusy = _assignments.Open().Count > 0;
                if (!isBusy && Readiness().Readiness == HostReadiness.Idle)
                {
                    isBusy = await Take(stopping).ConfigureAwait(false);
                }
            }).ConfigureAwait(false);

            // A measurement is disturbed no more often than the lease needs.
            await _somethingNew.WaitAsync(isBusy ? _ackWait / 3 : BetweenLooks, stopping).ConfigureAwait(false);
        }
    }

    /// <summary>Takes a job, if there is one: of this host's own, of its kind, or of any.</summary>
    private async Task<bool> Take(CancellationToken cancellation)
    {
        foreach (string name in (string[])[FarmSubjects.HostConsumer(farm.Name), FarmSubjects.ClassConsumer(_cpuKey), FarmSubjects.AnyConsumer])
        {
            try
            {
                if (!_consumers.TryGetValue(name, out INatsJSConsumer? consumer))
                {
                    _consumers[name] = consumer = await broker.Streams.GetConsumerAsync(FarmSubjects.Jobs, name, cancellation).ConfigureAwait(false);
                    _ackWait = consumer.Info.Config.AckWait is { Ticks: > 0 } wait && wait < _ackWait ? wait : _ackWait;
                }

                await foreach (INatsJSMsg<byte[]> message in consumer.FetchNoWaitAsync<byte[]>(new NatsJSFetchOpts { MaxMsgs = 1 }, cancellationToken: cancellation).ConfigureAwait(false))
                {
                    return await Accept(message, cancellation).ConfigureAwait(false);
                }
            }
            catch (NatsJSApiException exception) when (exception.Error.Code == 404)
            {
                // The controller makes it when it hears of this host; and the server may have forgotten it.
                _consumers.Remove(name);
            }
        }

        return false;
    }

    private async Task<bool> Accept(INatsJSMsg<byte[]> message, CancellationToken cancellation)
    {
        string? objection;
        FarmJob? job = null;
        JobRequest? request = null;
        try
        {
            job = JsonSerializer.Deserialize(message.Data ?? [], FarmJson.Default.FarmJob);
            objection = job is null ? "it is empty" : FarmProtocol.ObjectionTo("the controller", job.Protocol, job.Protocol);
            if (objection is null)
            {
                request = WithProgram(job!);
                objection = request is null ? "its program cannot be unpacked" : request.Objections().FirstOrDefault();
            }
        }
        catch (JsonException exception)
        {
            objection = exception.Message;
        }

        string reply = message.ReplyTo ?? throw new InvalidOperationException("a delivery without a subject to answer to");
        if (objection is not null)
        {
            LogNoJob(message.Subject, objection);
            if (job is not null)
            {
                AttemptReport refused = ReportOf(job.Farm, job.Job, Guid.CreateVersion7().ToString("N")) with { EndedAt = time.GetUtcNow(), Outcome = AttemptOutcome.Refused, Reason = objection };
                await Publish(refused, cancellation).ConfigureAwait(false);
            }

            await broker.Nats.PublishAsync(reply, Answers.Never, cancellationToken: cancellation).ConfigureAwait(false);
            return false;
        }

        int delivery = checked((int)(message.Metadata?.NumDelivered ?? 1));
        bool isNew = _assignments.Take(job!, request!, delivery, reply);
        LogTaken(job!.Job, delivery);
        loop.Wake();
        Release(_changed);

        // One that was done here before is told again.
        if (!isNew)
        {
            Wake();
        }

        return true;
    }

    /// <summary>Tells the farm of each job what there is to tell: that it has begun, that it goes on, or what it has come to.</summary>
    private async Task Tell(CancellationToken cancellation)
    {
        foreach (Assignment assignment in _assignments.Open())
        {
            if (store.Find(assignment.Job) is not Job own)
            {
                _assignments.NoteAnswered(assignment);
                continue;
            }

            JobAttempt? attempt = store.Attempts(own.Id) is [.., JobAttempt last] ? last : null;
            if (attempt is not null && !assignment.StartedTold)
            {
                AttemptReport started = ReportOf(assignment) with { StartedAt = attempt.StartedAt };
                await broker.Publish(
                    FarmSubjects.Started(farm.Name, Number(assignment.FarmJob)), JsonSerializer.SerializeToUtf8Bytes(started, FarmJson.Default.AttemptReport), assignment.Run, cancellation).ConfigureAwait(false);
                _assignments.NoteStarted(assignment);
            }

            if (own.HasEnded)
            {
                await TellEnd(assignment, own, attempt, cancellation).ConfigureAwait(false);
            }
            else
            {
                await broker.Nats.PublishAsync(assignment.Reply, Answers.GoesOn, cancellationToken: cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task TellEnd(Assignment assignment, Job own, JobAttempt? attempt, CancellationToken cancellation)
    {
        AttemptOutcome outcome = attempt?.Outcome ?? AttemptOutcome.Cancelled;
        byte[]? document = attempt is { HasDocument: true } ? store.Document(own.Id, attempt.Number) : null;
        bool again = outcome is AttemptOutcome.Crashed or AttemptOutcome.TimedOut or AttemptOutcome.Lost or AttemptOutcome.Unstable
            && assignment.Delivery < Math.Min(assignment.MaxAttempts, FarmProtocol.MostDeliveries);
        await Publish(
            ReportOf(assignment) with
            {
                StartedAt = attempt?.StartedAt ?? own.SubmittedAt,
                EndedAt = attempt?.EndedAt ?? own.EndedAt,
                Outcome = outcome,
                Again = again,
                ExitStatus = attempt?.ExitStatus,
                Reason = attempt?.Reason ?? own.Reason,
                Log = attempt?.Log,
                Document = document is null ? null : FarmProtocol.Pack(document),
            },
            cancellation).ConfigureAwait(false);

        // The farm has it. What the server makes of the delivery is looked after by the ledger, if it does not hear this.
        await broker.Nats.PublishAsync(
            assignment.Reply, outcome == AttemptOutcome.Succeeded ? Answers.Done : again ? Answers.Again : Answers.Never, cancellationToken: cancellation).ConfigureAwait(false);
        _assignments.NoteAnswered(assignment);
        LogTold(assignment.FarmJob, JobWords.Of(outcome));
        Release(_changed);
    }

    /// <summary>Gives a job back that will not be done here, so that another host has it at once.</summary>
    private async Task GiveBack(Assignment assignment, Job own, CancellationToken cancellation)
    {
        store.Cancel(own.Id);
        await Publish(
            ReportOf(assignment) with { StartedAt = own.SubmittedAt, EndedAt = time.GetUtcNow(), Outcome = AttemptOutcome.Interrupted, Again = true, Reason = "the host's daemon was asked to stop" },
            cancellation).ConfigureAwait(false);
        await broker.Nats.PublishAsync(assignment.Reply, Answers.Again, cancellationToken: cancellation).ConfigureAwait(false);
        _assignments.NoteAnswered(assignment);
    }

    private Task Publish(AttemptReport report, CancellationToken cancellation)
    {
        byte[] message = JsonSerializer.SerializeToUtf8Bytes(report, FarmJson.Default.AttemptReport);
        if (message.Length > FarmProtocol.MostBytes)
        {
            // It would be again, wherever it is done.
            message = JsonSerializer.SerializeToUtf8Bytes(
                report with { Outcome = AttemptOutcome.Refused, Again = false, Document = null, Reason = $"what came of it is {message.Length} bytes long, and the farm's server takes {FarmProtocol.MostBytes}" },
                FarmJson.Default.AttemptReport);
        }

        return broker.Publish(FarmSubjects.Result(farm.Name, Number(report.Job)), message, report.Run, cancellation);
    }

    private AttemptReport ReportOf(Assignment assignment) => ReportOf(assignment.Farm, assignment.FarmJob, assignment.Run);

    private AttemptReport ReportOf(string ledger, long job, string run) =>
        new() { Protocol = FarmProtocol.Version, Farm = ledger, Job = job, Host = farm.Name, Run = run, StartedAt = time.GetUtcNow() };

    /// <summary>Says again and again that the host is there, and how it is.</summary>
    private async Task SayThatItIsThere(CancellationToken stopping)
    {
        while (true)
        {
            await Try("heartbeat", async () =>
            {
                (HostReadiness readiness, string? reason) = Readiness();
                Assignment? assignment = _assignments.Open() is [Assignment first, ..] ? first : null;
                HostReport report = new()
                {
                    Protocol = FarmProtocol.Version,
                    OldestProtocol = FarmProtocol.Oldest,
                    Instance = _instance,
                    At = time.GetUtcNow(),
                    CpuKey = _cpuKey,
                    Labels = _labels,
                    Readiness = readiness,
                    Reason = reason,
                    Job = assignment?.FarmJob,
                    Progress = assignment is not null && loop.ProgressOf(assignment.Job) is { All: > 0 } status ? (double)status.Done / status.All : null,
                };
                await broker.Nats.PublishAsync($"$KV.{FarmSubjects.Hosts}.{farm.Name}", JsonSerializer.SerializeToUtf8Bytes(report, FarmJson.Default.HostReport), cancellationToken: stopping).ConfigureAwait(false);
            }).ConfigureAwait(false);
            await _changed.WaitAsync(FarmProtocol.BetweenHeartbeats, stopping).ConfigureAwait(false);
        }
    }

    private (HostReadiness Readiness, string? Reason) Readiness()
    {
        double noise = _noise.Percent();
        return ObjectionTo(_orders) is string objection ? (HostReadiness.Refused, objection)
            : _orders is { Cordoned: true } || store.IsCordoned ? (HostReadiness.Cordoned, null)
            : loop.WaitsForRoom ? (HostReadiness.Busy, "a result waits for room on the disk")
            : new DriveInfo(settings.StateFolder).AvailableFreeSpace is long room && room < LeastRoomBytes
                ? (HostReadiness.Busy, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"there are {room >> 20} MiB of room for its results, and {LeastRoomBytes >> 20} are needed"))
            : store.Counts().Any(count => count.Key is JobState.Queued or JobState.Running && count.Value > 0) ? (HostReadiness.Busy, null)
            : noise > settings.FarmQuietPercent ? (HostReadiness.Noisy, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"its CPUs are busy for {noise:F0} % of the time"))
            : (HostReadiness.Idle, null);
    }

    /// <summary>Reads what the host is to do.</summary>
    private async Task ReadOrders(CancellationToken cancellation)
    {
        string key = $"$KV.{FarmSubjects.Desired}.{farm.Name}";
        NatsMsg<byte[]> answer = await broker.Nats.RequestAsync<byte[]>($"$JS.API.DIRECT.GET.KV_{FarmSubjects.Desired}.{key}", cancellationToken: cancellation).ConfigureAwait(false);
        _ordersAt = time.GetUtcNow();
        HostOrders orders = answer.Data is { Length: > 0 } data && JsonSerializer.Deserialize(data, FarmJson.Default.HostOrders) is HostOrders read
            ? read
            : new() { Protocol = FarmProtocol.Version, OldestProtocol = FarmProtocol.Oldest };
        if (ObjectionTo(orders) is string objection && objection != ObjectionTo(_orders))
        {
            LogRefused(objection);
        }

        _orders = orders;
        foreach (Assignment assignment in _assignments.Open().Where(assignment => assignment.Farm == orders.Farm && orders.Cancelled.Contains(assignment.FarmJob)))
        {
            loop.Cancel(assignment.Job);
        }

        Wake();
        Release(_changed);
    }

    private async Task Listen(string subject, Func<CancellationToken, Task> hear, CancellationToken stopping)
    {
        while (true)
        {
            await Try(subject, async () =>
            {
                await foreach (NatsMsg<byte[]> _ in broker.Nats.SubscribeAsync<byte[]>(subject, cancellationToken: stopping).ConfigureAwait(false))
                {
                    await hear(stopping).ConfigureAwait(false);
                }
            }).ConfigureAwait(false);
            await Task.Delay(RetryPause, stopping).ConfigureAwait(false);
        }
    }

    /// <summary>Does something that the server may be away for. It is tried again anyway; each trouble is told once until it is over, or another one.</summary>
    private async Task Try(string what, Func<Task> action)
    {
        try
        {
            await action().ConfigureAwait(false);
            _troubles.TryRemove(what, out _);
        }
        catch (Exception exception) when (exception is NatsException or StoreFullException or JsonException or TimeoutException or IOException)
        {
            // Of what a client is not allowed, it hears nothing: it waits in vain.
            string trouble = exception is NatsNoReplyException ? "the server does not answer: it is away, or does not let this host; its log says which" : exception.Message;
            if (!_troubles.TryGetValue(what, out string? told) || told != trouble)
            {
                _troubles[what] = trouble;
                LogTrouble(what, trouble);
            }
        }
    }

    private static string? ObjectionTo(HostOrders? orders) =>
        orders is null ? null : orders.Refusal ?? FarmProtocol.ObjectionTo("the controller", orders.Protocol, orders.OldestProtocol);

    private void Wake() => Release(_somethingNew);

    private static void Release(SemaphoreSlim semaphore)
    {
        if (semaphore.CurrentCount == 0)
        {
            semaphore.Release();
        }
    }

    private static JobRequest? WithProgram(FarmJob job) => job.Program is not byte[] packed || job.Request.Program is not ProgramSpec program ? job.Request
        : FarmProtocol.Unpack(packed) is byte[] file ? job.Request with { Program = program with { File = file } }
        : null;

    private static string Number(long job) => job.ToString(System.Globalization.CultureInfo.InvariantCulture);

    [LoggerMessage(LogLevel.Information, "joins a farm as {Name}, a {CpuKey}: {Broker}")]
    private partial void LogJoins(string name, string cpuKey, string broker);

    [LoggerMessage(LogLevel.Information, "farm job {Job}: taken, delivery {Delivery}")]
    private partial void LogTaken(long job, int delivery);

    [LoggerMessage(LogLevel.Information, "farm job {Job}: the farm knows that it has {Outcome}")]
    private partial void LogTold(long job, string outcome);

    [LoggerMessage(LogLevel.Error, "what came at {Subject} is no job for this host: {Reason}")]
    private partial void LogNoJob(string subject, string reason);

    [LoggerMessage(LogLevel.Error, "the farm gives this host no job: {Reason}")]
    private partial void LogRefused(string reason);

    [LoggerMessage(LogLevel.Warning, "the farm, {What}: {Reason}")]
    private partial void LogTrouble(string what, string reason);

    [LoggerMessage(LogLevel.Warning, "the farm could not be told the last words, and will hear them at the next start: {Reason}")]
    private partial void LogNotTold(string reason);

    /// <summary>What a delivery can be answered, in JetStream's words.</summary>
    private static class Answers
    {
        public static readonly byte[] Done = "+ACK"u8.ToArray();
        public static readonly byte[] Again = "-NAK"u8.ToArray();
        public static readonly byte[] GoesOn = "+WPI"u8.ToArray();
        public static readonly byte[] Never = "+TERM"u8.ToArray();
    }
}
