// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Text;
using Kvmsys.Monitor.Farm.Broker;
using Kvmsys.Monitor.Farm.Protocol;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using NATS.Client.KeyValueStore;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>A real NATS server over a farm's folder, with a controller and the hosts a and b.</summary>
internal sealed class FarmServer : IDisposable
{
    public const string CpuKeyOfA = "GenuineIntel-6-143-8-kvm_intel";
    public const string CpuKeyOfB = "AuthenticAMD-25-1-1-kvm_amd";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Dictionary<string, FarmKey> _keys = [];

    private FarmServer(Func<FarmSetup, FarmSetup> with, TimeProvider time)
    {
        FarmFolder? farm = null;
        Broker = new((port, folder) =>
        {
            farm = new(Path.Combine(folder, "a \"farm\"'s $folder"));
            farm.Create(with(new() { Listen = BrokerAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"))! }), time);
            AddHost(farm, "a", CpuKeyOfA, time);
            AddHost(farm, "b", CpuKeyOfB, time);
            return File.ReadAllText(farm.ConfigurationPath);
        });
        Folder = farm!;
        _keys[FarmDocument.ControllerName] = FarmKey.Read(Folder.ControllerKeyPath);
    }

    public Broker Broker { get; }

    public FarmFolder Folder { get; }

    public static async Task<FarmServer> Start(Func<FarmSetup, FarmSetup>? with = null, TimeProvider? time = null)
    {
        FarmServer server = new(with ?? (setup => setup), time ?? TimeProvider.System);
        await server.Broker.Start();
        return server;
    }

    public FarmKey KeyOf(string name) => _keys[name];

    /// <summary>Lets another host in, when the server has read that.</summary>
    public void AddHost(string name, string cpuKey) => AddHost(Folder, name, cpuKey, TimeProvider.System);

    /// <summary>How a member connects; it tries once.</summary>
    public NatsOpts OptionsOf(string name) => new()
    {
        Url = Broker.Url,
        Name = name,
        AuthOpts = new NatsAuthOpts { NKey = _keys[name].PublicKey, Seed = _keys[name].Seed },
        InboxPrefix = FarmSubjects.Inbox(name),
        RequestTimeout = TimeSpan.FromSeconds(5),
    };

    public async Task<NatsConnection> Connect(string name)
    {
        NatsConnection connection = new(OptionsOf(name));
        await connection.ConnectAsync();
        return connection;
    }

    /// <summary>Lets the server read the farm's configuration anew.</summary>
    public async Task Reload()
    {
        const string done = "Reloaded server configuration";
        int before = Count(Broker.Log, done);
        File.Copy(Folder.ConfigurationPath, Broker.ConfigurationPath, overwrite: true);
        Broker.Signal("HUP");
        await Until(() => Count(Broker.Log, done) > before, "no reload");
    }

    /// <summary>Makes what a controller makes when it starts.</summary>
    public static async Task<NatsJSContext> MakeStreams(NatsConnection controller)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        NatsJSContext streams = new(controller);
        await streams.CreateStreamAsync(new StreamConfig(FarmSubjects.Jobs, [FarmSubjects.AllJobs]) { Retention = StreamConfigRetention.Workqueue, Discard = StreamConfigDiscard.New }, cancellation);
        await streams.CreateStreamAsync(new StreamConfig(FarmSubjects.Results, [FarmSubjects.AllResults]) { DenyDelete = true }, cancellation);
        await streams.CreateStreamAsync(new StreamConfig(FarmSubjects.Events, [FarmSubjects.AllEvents]), cancellation);
        NatsKVContext buckets = new(streams);
        await buckets.CreateStoreAsync(new NatsKVConfig(FarmSubjects.Hosts) { MaxAge = TimeSpan.FromSeconds(60) }, cancellation);
        INatsKVStore desired = await buckets.CreateStoreAsync(new NatsKVConfig(FarmSubjects.Desired), cancellation);
        await desired.PutAsync("a", "desired of a", cancellationToken: cancellation);
        await desired.PutAsync("b", "desired of b", cancellationToken: cancellation);
        foreach ((string name, string filter) in new[]
        {
            (FarmSubjects.HostConsumer("a"), FarmSubjects.HostJobs("a")),
            (FarmSubjects.HostConsumer("b"), FarmSubjects.HostJobs("b")),
            (FarmSubjects.ClassConsumer(CpuKeyOfA), FarmSubjects.ClassJobs(CpuKeyOfA)),
            (FarmSubjects.ClassConsumer(CpuKeyOfB), FarmSubjects.ClassJobs(CpuKeyOfB)),
            (FarmSubjects.AnyConsumer, FarmSubjects.AnyJobs),
        })
        {
            await streams.CreateOrUpdateConsumerAsync(FarmSubjects.Jobs, new ConsumerConfig(name) { FilterSubject = filter, AckPolicy = ConsumerConfigAckPolicy.Explicit }, cancellation);
        }

        return streams;
    }

    /// <summary>What is in all streams, and how far all consumers are.</summary>
    public static async Task<string> StateOf(NatsJSContext streams)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        StringBuilder text = new();
        await foreach (INatsJSStream stream in streams.ListStreamsAsync(cancellationToken: cancellation))
        {
            StreamState state = stream.Info.State;
            text.AppendLine(CultureInfo.InvariantCulture, $"{stream.Info.Config.Name} {state.Messages} {state.FirstSeq} {state.LastSeq}");
            await foreach (INatsJSConsumer consumer in streams.ListConsumersAsync(stream.Info.Config.Name!, cancellation))
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"  {consumer.Info.Name} {consumer.Info.Delivered.StreamSeq} {consumer.Info.AckFloor.StreamSeq} {consumer.Info.NumAckPending}");
            }
        }

        return text.ToString();
    }

    /// <summary>Waits until something is so, as it will be soon.</summary>
    public async Task Until(Func<bool> isSo, string otherwise)
    {
        for (Stopwatch time = Stopwatch.StartNew(); !isSo(); await Task.Delay(5, TestContext.Current.CancellationToken))
        {
            Assert.True(time.Elapsed < Patience, $"{otherwise}\n{Broker.Log}");
        }
    }

    public void Dispose() => Broker.Dispose();

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private void AddHost(FarmFolder farm, string name, string cpuKey, TimeProvider time)
    {
        _keys[name] = FarmKey.Create();
        farm.Add(name, _keys[name].PublicKey, cpuKey, time);
    }
}
