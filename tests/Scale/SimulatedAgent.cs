// SPDX-License-Identifier: MIT

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Farm.Broker;
using Kvmsys.Monitor.Farm.Protocol;
using Microsoft.Extensions.Logging.Abstractions;
using NATS.Client.Core;
using NATS.Client.JetStream;

namespace Kvmsys.Scale;

/// <summary>
/// A host of the farm that measures nothing: to server and controller it is as kvmsys farm agent is, with a connection and a key of its own, its heartbeats,
/// its looks for work, and a real bench's document as the result of each job.
/// </summary>
internal sealed class SimulatedAgent : IAsyncDisposable
{
    // As FarmAgent has them.
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BetweenOrders = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(2);
    private static readonly byte[] Done = "+ACK"u8.ToArray();

    private readonly Fleet _fleet;
    private readonly string _cpuKey;
    private readonly BrokerConnection _broker;
    private readonly IReadOnlyDictionary<string, string> _labels;
    private readonly string _instance = Guid.NewGuid().ToString("N");
    private readonly SemaphoreSlim _somethingNew = new(0, 1);
    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly Dictionary<string, INatsJSConsumer> _consumers = [];
    private readonly ConcurrentDictionary<int, DateTimeOffset> _heartbeats = [];
    private HostOrders? _orders;
    private long _ordersAt;
    private long? _job;
    private int _heartbeat;

    public SimulatedAgent(Fleet fleet, BrokerLogin login, string cpuKey)
    {
        (_fleet, Name, _cpuKey) = (fleet, login.Name, cpuKey);
        _broker = new(login, NullLogger<BrokerConnection>.Instance);
        string[] words = cpuKey.Split('-');

        // As many and as long as a host's.
        _labels = new Dictionary<string, string>
        {
            ["cpuKey"] = cpuKey,
            ["cpu"] = "Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz, simulated",
            ["vendor"] = words[0],
            ["family"] = words[1],
            ["model"] = words[2],
            ["stepping"] = words[3],
            ["kernel"] = "6.12.94",
            ["kvm"] = words[4],
            ["hypervisor"] = "none",
            ["microcode"] = "0x2b000639",
            ["mitigations"] = "6f2a31c8",
            ["version"] = "0.1.0",
            ["guest"] = "yes",
            ["verdict"] = "hardware",
        };
    }

    public string Name { get; }

    /// <summary>Whether its connection is there now.</summary>
    public bool IsOpen => _broker.IsOpen;

    /// <summary>When it sent a heartbeat, by that one's number; null where nobody knows any more.</summary>
    public DateTimeOffset? SentAt(int heartbeat) => _heartbeats.TryGetValue(heartbeat, out DateTimeOffset at) ? at : null;

    /// <summary>The number of its last heartbeat.</summary>
    public int LastHeartbeat => Volatile.Read(ref _heartbeat);

    /// <summary>How long the server takes to answer a PING on its connection.</summary>
    public async Task<TimeSpan> Ping(CancellationToken cancellation) => await _broker.Nats.PingAsync(cancellation).ConfigureAwait(false);

    /// <summary>Connects it.</summary>
    public Task Open(CancellationToken cancellation) => _broker.Open(cancellation);

    /// <summary>Lets it be a host until it is told to stop.</summary>
    public Task Run(CancellationToken stopping) => Task.WhenAll(
        Work(stopping),
        SayThatItIsThere(stopping),
        Listen(FarmSubjects.Control(Name), ReadOrders, stopping),
        Listen(FarmSubjects.WakeHost(Name), WakeUp, stopping),
        Listen(FarmSubjects.WakeClass(_cpuKey), WakeUp, stopping),
        Listen(FarmSubjects.WakeAll, WakeUp, stopping));

    public async ValueTask DisposeAsync()
    {
        await _broker.DisposeAsync().ConfigureAwait(false);
        _somethingNew.Dispose();
        _changed.Dispose();
    }

    private async Task Work(CancellationToken stopping)
    {
        while (true)
        {
            bool wasBusy = false;
            await Try(async () =>
            {
                if (_orders is null || Stopwatch.GetElapsedTime(_ordersAt) > BetweenOrders)
                {
                    await ReadOrders(stopping).ConfigureAwait(false);
                }

                if (_orders is { Refusal: null, Cordoned: false })
                {
                    wasBusy = await Take(stopping).ConfigureAwait(false);
                }
            }).ConfigureAwait(false);
            if (!wasBusy)
            {
                await _somethingNew.WaitAsync(BetweenLooks, stopping).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Takes a job and does it, if there is one: of this host's own, of its kind, or of any.</summary>
    private async Task<bool> Take(CancellationToken cancellation)
    {
        foreach (string name in (string[])[FarmSubjects.HostConsumer(Name), FarmSubjects.ClassConsumer(_cpuKey), FarmSubjects.AnyConsumer])
        {
            try
            {
                if (!_consumers.TryGetValue(name, out INatsJSConsumer? consumer))
                {
                    _consumers[name] = consumer = await _broker.Streams.GetConsumerAsync(FarmSubjects.Jobs, name, cancellation).ConfigureAwait(false);
                }

                long begin = Stopwatch.GetTimestamp();
                await foreach (INatsJSMsg<byte[]> message in consumer.FetchNoWaitAsync<byte[]>(new NatsJSFetchOpts { MaxMsgs = 1 }, cancellationToken: cancellation).ConfigureAwait(false))
                {
                    await Do(message, cancellation).ConfigureAwait(false);
                    return true;
                }

                _fleet.Looks.Add(Stopwatch.GetElapsedTime(begin));
            }
            catch (NatsJSApiException exception) when (exception.Error.Code == 404)
            {
                // The controller makes it when it hears of this host.
                _consumers.Remove(name);
            }
        }

        return false;
    }

    private async Task Do(INatsJSMsg<byte[]> message, CancellationToken cancellation)
    {
        FarmJob job = JsonSerializer.Deserialize(message.Data ?? [], FarmJson.Default.FarmJob)!;
        if (message.Metadata is { Timestamp: DateTimeOffset stored })
        {
            _fleet.Handed.Add(DateTimeOffset.UtcNow - stored);
        }

        string number = job.Job.ToString(CultureInfo.InvariantCulture);
        AttemptReport report = new() { Protocol = FarmProtocol.Version, Farm = job.Farm, Job = job.Job, Host = Name, Run = Guid.CreateVersion7().ToString("N"), StartedAt = DateTimeOffset.UtcNow };
        _job = job.Job;
        Release(_changed);
        await _broker.Publish(FarmSubjects.Started(Name, number), JsonSerializer.SerializeToUtf8Bytes(report, FarmJson.Default.AttemptReport), report.Run, cancellation).ConfigureAwait(false);

        await Task.Delay(_fleet.JobTime, cancellation).ConfigureAwait(false);

        report = report with { EndedAt = DateTimeOffset.UtcNow, Outcome = AttemptOutcome.Succeeded, ExitStatus = 0, Document = _fleet.Document };
        byte[] result = JsonSerializer.SerializeToUtf8Bytes(report, FarmJson.Default.AttemptReport);
        _fleet.ResultSent(job.Job, result.Length);
        while (true)
        {
            long begin = Stopwatch.GetTimestamp();
            try
            {
                await _broker.Publish(FarmSubjects.Result(Name, number), result, report.Run, cancellation).ConfigureAwait(false);
                _fleet.Kept.Add(Stopwatch.GetElapsedTime(begin));
                break;
            }
            catch (Exception exception) when (exception is NatsException or TimeoutException)
            {
                // It is in a real agent's spool, which sends it again.
                _fleet.Trouble(exception);
                await Task.Delay(RetryPause, cancellation).ConfigureAwait(false);
            }
        }

        await _broker.Nats.PublishAsync(message.ReplyTo!, Done, cancellationToken: cancellation).ConfigureAwait(false);
        _job = null;
        Release(_changed);
    }

    private async Task SayThatItIsThere(CancellationToken stopping)
    {
        const int kept = 30;

        // Hosts do not begin at the same time.
        await Task.Delay(FarmProtocol.BetweenHeartbeats * Random.Shared.NextDouble(), stopping).ConfigureAwait(false);
        while (true)
        {
            await Try(async () =>
            {
                // Its number comes back in the controller's list of hosts.
                int heartbeat = _heartbeat + 1;
                DateTimeOffset now = DateTimeOffset.UtcNow;
                HostReport report = new()
                {
                    Protocol = FarmProtocol.Version,
                    OldestProtocol = FarmProtocol.Oldest,
                    Instance = _instance,
                    At = now,
                    CpuKey = _cpuKey,
                    Labels = _labels,
                    Readiness = _job is null ? HostReadiness.Idle : HostReadiness.Busy,
                    Reason = heartbeat.ToString(CultureInfo.InvariantCulture),
                    Job = _job,
                };
                _heartbeats[heartbeat] = now;
                _heartbeats.TryRemove(heartbeat - kept, out _);
                Volatile.Write(ref _heartbeat, heartbeat);
                await _broker.Nats.PublishAsync(
                    $"$KV.{FarmSubjects.Hosts}.{Name}", JsonSerializer.SerializeToUtf8Bytes(report, FarmJson.Default.HostReport), cancellationToken: stopping).ConfigureAwait(false);
            }).ConfigureAwait(false);
            await _changed.WaitAsync(FarmProtocol.BetweenHeartbeats, stopping).ConfigureAwait(false);
        }
    }

    private async Task ReadOrders(CancellationToken cancellation)
    {
        NatsMsg<byte[]> answer = await _broker.Nats.RequestAsync<byte[]>(
            $"$JS.API.DIRECT.GET.KV_{FarmSubjects.Desired}.$KV.{FarmSubjects.Desired}.{Name}", cancellationToken: cancellation).ConfigureAwait(false);
        _ordersAt = Stopwatch.GetTimestamp();
        _orders = answer.Data is { Length: > 0 } data && JsonSerializer.Deserialize(data, FarmJson.Default.HostOrders) is HostOrders read
            ? read
            : new() { Protocol = FarmProtocol.Version, OldestProtocol = FarmProtocol.Oldest };
        Release(_somethingNew);
        Release(_changed);
    }

    private Task WakeUp(CancellationToken cancellation)
    {
        Release(_somethingNew);
        return Task.CompletedTask;
    }

    private async Task Listen(string subject, Func<CancellationToken, Task> hear, CancellationToken stopping)
    {
        while (true)
        {
            await Try(async () =>
            {
                await foreach (NatsMsg<byte[]> message in _broker.Nats.SubscribeAsync<byte[]>(subject, cancellationToken: stopping).ConfigureAwait(false))
                {
                    await hear(stopping).ConfigureAwait(false);
                }
            }).ConfigureAwait(false);
            await Task.Delay(RetryPause, stopping).ConfigureAwait(false);
        }
    }

    private async Task Try(Func<Task> action)
    {
        try
        {
            await action().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is NatsException or TimeoutException or JsonException)
        {
            _fleet.Trouble(exception);
        }
    }

    private static void Release(SemaphoreSlim semaphore)
    {
        try
        {
            if (semaphore.CurrentCount == 0)
            {
                semaphore.Release();
            }
        }
        catch (SemaphoreFullException)
        {
            // Somebody else was as fast.
        }
    }
}
