// SPDX-License-Identifier: MIT

using System.Collections.Concurrent;
using Kvmsys.Monitor.Farm.Protocol;
using NATS.Client.JetStream.Models;
using NATS.Client.KeyValueStore;

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>What a farm keeps at its NATS server: streams, buckets and consumers, as tables. The controller makes them, and makes them again where they are gone.</summary>
/// <param name="broker">The server.</param>
/// <param name="ackWait">How long a host that has a job may say nothing of it, until another one gets it.</param>
/// <param name="replicas">Servers of a cluster that have a copy each.</param>
internal sealed class BrokerStreams(BrokerConnection broker, TimeSpan ackWait, int replicas)
{
    /// <summary>The usual <c>ackWait</c>.</summary>
    public static readonly TimeSpan UsualAckWait = TimeSpan.FromSeconds(30);

    private const long Mebibyte = 1 << 20;

    // Requests that may wait at a consumer: of one host, which has one connection or, when that has just broken, two; and of a whole kind. The server keeps room for as many.
    private const int RequestsOfAHost = 16;
    private const int RequestsOfMany = 20_000;

    private readonly ConcurrentDictionary<string, bool> _made = [];

    private static readonly StreamConfig[] Streams =
    [
        new()
        {
            Name = FarmSubjects.Jobs,
            Subjects = [FarmSubjects.AllJobs],
            Description = "Jobs that hosts are to do.",
            Retention = StreamConfigRetention.Workqueue,
            Discard = StreamConfigDiscard.New,
            MaxBytes = 1024 * Mebibyte,
            DuplicateWindow = TimeSpan.FromMinutes(10),
        },
        new()
        {
            Name = FarmSubjects.Results,
            Subjects = [FarmSubjects.AllResults],
            Description = "What attempts have come to.",
            Retention = StreamConfigRetention.Limits,
            Discard = StreamConfigDiscard.New,
            MaxBytes = 4096 * Mebibyte,
            MaxAge = TimeSpan.FromDays(90),
            DuplicateWindow = TimeSpan.FromHours(1),
            DenyDelete = true,
        },
        new()
        {
            Name = FarmSubjects.Events,
            Subjects = [FarmSubjects.AllEvents],
            Description = "What happens on hosts.",
            Retention = StreamConfigRetention.Limits,
            Discard = StreamConfigDiscard.Old,
            MaxBytes = 256 * Mebibyte,
            MaxAge = TimeSpan.FromDays(7),
        },
        new()
        {
            Name = FarmSubjects.Dead,
            Subjects = [FarmSubjects.DeadAdvisories],
            Description = "Jobs that were delivered as often as they may be.",
            Retention = StreamConfigRetention.Limits,
            Discard = StreamConfigDiscard.Old,
            MaxBytes = 64 * Mebibyte,
            MaxAge = TimeSpan.FromDays(90),
        },

        // A bucket, but for one thing: who may write one key of a bucket may take away all others, by the header Nats-Rollup.
        new()
        {
            Name = $"KV_{FarmSubjects.Hosts}",
            Subjects = [$"$KV.{FarmSubjects.Hosts}.>"],
            Description = "What hosts say of themselves.",
            Retention = StreamConfigRetention.Limits,
            Discard = StreamConfigDiscard.New,
            MaxMsgsPerSubject = 1,
            MaxBytes = 64 * Mebibyte,
            MaxAge = FarmProtocol.LongestSilence,
            DuplicateWindow = FarmProtocol.LongestSilence,
            AllowDirect = true,
            AllowRollupHdrs = false,
            DenyDelete = true,
        },
    ];

    /// <summary>The bucket of what hosts say of themselves.</summary>
    public INatsKVStore Hosts { get; private set; } = null!;

    /// <summary>The bucket of what they are to do.</summary>
    public INatsKVStore Desired { get; private set; } = null!;

    /// <summary>Makes what is not there, but for the consumers of hosts: whoever was told of one before is to be told again.</summary>
    /// <exception cref="NATS.Client.Core.NatsException">The server is away, or refuses.</exception>
    public async Task Ensure(CancellationToken cancellation)
    {
        _made.Clear();
        foreach (StreamConfig stream in Streams)
        {
            await broker.Streams.CreateOrUpdateStreamAsync(stream with { NumReplicas = replicas }, cancellation).ConfigureAwait(false);
        }

        NatsKVContext buckets = new(broker.Streams);
        Hosts = await buckets.GetStoreAsync(FarmSubjects.Hosts, cancellation).ConfigureAwait(false);
        Desired = await buckets.CreateOrUpdateStoreAsync(new NatsKVConfig(FarmSubjects.Desired) { History = 1, NumberOfReplicas = replicas }, cancellation).ConfigureAwait(false);
        await EnsureConsumer(FarmSubjects.AnyConsumer, FarmSubjects.AnyJobs, RequestsOfMany, cancellation).ConfigureAwait(false);
    }

    /// <summary>Makes the consumers that a host takes its jobs from, unless that was done already since <see cref="Ensure"/>.</summary>
    /// <exception cref="NATS.Client.Core.NatsException">The server is away, or refuses.</exception>
    public async Task EnsureHost(string host, string cpuKey, CancellationToken cancellation)
    {
        await EnsureConsumer(FarmSubjects.HostConsumer(host), FarmSubjects.HostJobs(host), RequestsOfAHost, cancellation).ConfigureAwait(false);
        await EnsureConsumer(FarmSubjects.ClassConsumer(cpuKey), FarmSubjects.ClassJobs(cpuKey), RequestsOfMany, cancellation).ConfigureAwait(false);
    }

    /// <summary>Lets a consumer be made again, which somebody has not found.</summary>
    public void Forget(string consumer) => _made.TryRemove(consumer, out _);

    // One job in flight is a host's own business: 1 would be one of a whole class.
    private async Task EnsureConsumer(string name, string filter, int requests, CancellationToken cancellation)
    {
        if (_made.ContainsKey(name))
        {
            return;
        }

        await broker.Streams.CreateOrUpdateConsumerAsync(
            FarmSubjects.Jobs,
            new ConsumerConfig(name)
            {
                FilterSubject = filter,
                AckPolicy = ConsumerConfigAckPolicy.Explicit,
                AckWait = ackWait,
                MaxDeliver = FarmProtocol.MostDeliveries,
                MaxAckPending = 1000,
                MaxWaiting = requests,
            },
            cancellation).ConfigureAwait(false);
        _made[name] = true;
    }
}
