// SPDX-License-Identifier: MIT

using System.Collections.Concurrent;
using Kvmsys.Monitor.Farm.Broker;
using Kvmsys.Monitor.Farm.Protocol;
using NATS.Client.Core;
using NATS.Client.JetStream;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>What a host cannot do with its key: of each attempt the client is told, the server's log says so, and nothing has come of it.</summary>
public sealed class BrokerDenialTests(BrokerDenialTests.Farm farm) : IClassFixture<BrokerDenialTests.Farm>
{
    private const string OtherKey = FarmServer.CpuKeyOfB;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>What host a tries to send, and where.</summary>
    public static TheoryData<string, string> Messages { get; } = new()
    {
        // To submit jobs.
        { "farm.job.any.9", "job" },
        { "farm.job.host.a.9", "job" },
        { "farm.job.host.b.9", "job" },
        { $"farm.job.class.{FarmServer.CpuKeyOfA}.9", "job" },
        // To speak for another host.
        { "farm.result.b.1", "result" },
        { "farm.result.ab.1", "result" },
        { "farm.result.a", "result" },
        { "farm.result.a.1.2", "result" },
        { "farm.event.b.started.1", "event" },
        { "farm.event.a", "event" },
        { "$KV.hosts.b", "there" },
        { "$KV.hosts.a.b", "there" },
        // To tell hosts what to do.
        { "$KV.desired.a", "free" },
        { "$KV.desired.b", "cordoned" },
        { "farm.ctl.a", "cancel" },
        { "farm.ctl.b", "cancel" },
        { "farm.wake.any", "" },
        { "farm.wake.host.b", "" },
        { $"farm.wake.class.{OtherKey}", "" },
        // To take, or end, another host's jobs.
        { "$JS.API.CONSUMER.INFO.JOBS.h_b", "" },
        { "$JS.API.CONSUMER.MSG.NEXT.JOBS.h_b", "1" },
        { $"$JS.API.CONSUMER.MSG.NEXT.JOBS.c_{OtherKey}", "1" },
        { "$JS.API.CONSUMER.MSG.NEXT.RESULTS.any", "1" },
        { "$JS.ACK.JOBS.h_b.1.1.1.1.0", "+ACK" },
        { $"$JS.ACK.JOBS.c_{OtherKey}.1.1.1.1.0", "+TERM" },
        { "$JS.ACK.RESULTS.any.1.1.1.1.0", "+ACK" },
        { "$JS.ACK._.hash.JOBS.h_b.1.1.1.1.0.random", "+ACK" },
        // To change streams and consumers.
        { "$JS.API.STREAM.CREATE.MINE", """{"name":"MINE","subjects":["mine"]}""" },
        { "$JS.API.STREAM.UPDATE.JOBS", """{"name":"JOBS","subjects":["mine"]}""" },
        { "$JS.API.STREAM.DELETE.JOBS", "" },
        { "$JS.API.STREAM.PURGE.JOBS", "" },
        { "$JS.API.STREAM.PURGE.KV_desired", "" },
        { "$JS.API.STREAM.MSG.DELETE.RESULTS", """{"seq":1}""" },
        { "$JS.API.STREAM.SNAPSHOT.JOBS", """{"deliver_subject":"_INBOX_a.x"}""" },
        { "$JS.API.STREAM.RESTORE.JOBS", "{}" },
        { "$JS.API.STREAM.LEADER.STEPDOWN.JOBS", "" },
        { "$JS.API.CONSUMER.CREATE.JOBS", """{"stream_name":"JOBS","config":{}}""" },
        { "$JS.API.CONSUMER.CREATE.JOBS.mine.farm.job.>", """{"stream_name":"JOBS","config":{"name":"mine"}}""" },
        { "$JS.API.CONSUMER.DURABLE.CREATE.JOBS.mine", """{"stream_name":"JOBS","config":{"durable_name":"mine","ack_policy":"explicit"}}""" },
        { "$JS.API.CONSUMER.DURABLE.CREATE.RESULTS.mine", """{"stream_name":"RESULTS","config":{"durable_name":"mine","deliver_subject":"_INBOX_a.x"}}""" },
        { "$JS.API.CONSUMER.DELETE.JOBS.h_a", "" },
        { "$JS.API.CONSUMER.DELETE.JOBS.any", "" },
        { "$JS.API.CONSUMER.PAUSE.JOBS.any", """{"pause_until":"2100-01-01T00:00:00Z"}""" },
        // To read what is not its own.
        { "$JS.API.INFO", "" },
        { "$JS.API.STREAM.INFO.JOBS", "" },
        { "$JS.API.STREAM.LIST", "" },
        { "$JS.API.STREAM.NAMES", "" },
        { "$JS.API.CONSUMER.LIST.JOBS", "" },
        { "$JS.API.CONSUMER.NAMES.JOBS", "" },
        { "$JS.API.STREAM.MSG.GET.JOBS", """{"seq":1}""" },
        { "$JS.API.STREAM.MSG.GET.RESULTS", """{"seq":1}""" },
        { "$JS.API.STREAM.MSG.GET.KV_desired", """{"last_by_subj":"$KV.desired.b"}""" },
        { "$JS.API.DIRECT.GET.KV_desired", """{"last_by_subj":"$KV.desired.b"}""" },
        { "$JS.API.DIRECT.GET.KV_desired.$KV.desired.b", "" },
        { "$JS.API.DIRECT.GET.KV_hosts.$KV.hosts.b", "" },
        { "$JS.API.DIRECT.GET.RESULTS.farm.result.b.1", "" },
        // To speak for the server, or into what others wait for.
        { "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.JOBS.any", "{}" },
        { "$JS.FC.JOBS.any.x", "" },
        { "$SYS.REQ.SERVER.PING", "" },
        { "$SYS.REQ.USER.INFO", "" },
        { "_INBOX_a.x", "answer" },
        { "_INBOX_b.x", "answer" },
        { "_INBOX_controller.x", "answer" },
        { "_INBOX.x", "answer" },
        { "other", "" },
    };

    /// <summary>What host a tries to hear.</summary>
    public static TheoryData<string> Subjects { get; } =
    [
        ">", "*", "*.>", "farm.>", "farm.*.b.*", "farm.job.>", "farm.job.host.a.*", "farm.job.any.*", "farm.result.>", "farm.result.a.*", "farm.result.*.*", "farm.event.>", "farm.event.a.>",
        "farm.ctl.b", "farm.ctl.*", "farm.ctl.>", "farm.wake.>", "farm.wake.*", "farm.wake.host.*", "farm.wake.host.b", $"farm.wake.class.{OtherKey}",
        "_INBOX_b.>", "_INBOX_controller.>", "_INBOX_b.*.*", "_INBOX.>", "_INBOX_*.>", "$KV.>", "$KV.hosts.a", "$KV.hosts.*", "$KV.desired.a", "$JS.>", "$JS.API.>", "$JS.ACK.>",
        "$JS.EVENT.>", "$SYS.>",
    ];

    [Theory]
    [MemberData(nameof(Messages))]
    public async Task A_host_cannot_send(string subject, string text)
    {
        FarmServer server = await farm.Start();
        string before = await FarmServer.StateOf(farm.Streams);
        farm.Heard.Clear();
        await using NatsConnection host = await server.Connect("a");
        ConcurrentQueue<string> told = ErrorsOf(host);

        string inbox = host.NewInbox();
        await using INatsSub<string> answers = await host.SubscribeCoreAsync<string>(inbox, cancellationToken: Cancellation);
        await host.PublishAsync(subject, text, replyTo: inbox, cancellationToken: Cancellation);

        await server.Until(() => told.Any(error => error.Contains($"Permissions Violation for Publish to \"{subject}\"", StringComparison.OrdinalIgnoreCase)), $"the client is not told, but: {string.Join("; ", told)}");
        await server.Until(() => server.Broker.Log.Contains($"Publish Violation - Nkey \"{server.KeyOf("a").PublicKey}\", Subject \"{subject}\"", StringComparison.Ordinal), "the log has no violation");
        await host.PingAsync(Cancellation);
        await farm.Controller.PingAsync(Cancellation);
        Assert.False(answers.Msgs.TryRead(out NatsMsg<string> answer), answer.Data);
        Assert.Empty(farm.Heard);
        Assert.Equal(before, await FarmServer.StateOf(farm.Streams));
    }

    [Theory]
    [MemberData(nameof(Subjects))]
    public async Task A_host_cannot_hear(string subject)
    {
        FarmServer server = await farm.Start();
        await using NatsConnection host = await server.Connect("a");
        ConcurrentQueue<string> told = ErrorsOf(host);
        await using INatsSub<string> heard = await host.SubscribeCoreAsync<string>(subject, cancellationToken: Cancellation);
        await using INatsSub<string> heardInQueue = await host.SubscribeCoreAsync<string>(subject, "queue", cancellationToken: Cancellation);

        await server.Until(() => told.Count(error => error.Contains($"Permissions Violation for Subscription to \"{subject}\"", StringComparison.OrdinalIgnoreCase)) == 2, $"the client is not told, but: {string.Join("; ", told)}");
        await server.Until(
            () => server.Broker.Log.Split($"Subscription Violation - Nkey \"{server.KeyOf("a").PublicKey}\", Subject \"{subject}\"").Length == 3, "the log has no violation");

        // Everybody is busy, and nothing of it is heard.
        await FarmServer.StateOf(farm.Streams);
        foreach (string said in new[] { "farm.ctl.b", "farm.wake.host.b", "farm.job.host.a.8", "$KV.desired.b" })
        {
            await farm.Controller.PublishAsync(said, "it", cancellationToken: Cancellation);
        }

        NatsJSContext other = new(farm.B);
        await other.PublishAsync(FarmSubjects.Result("b", "1"), "it", cancellationToken: Cancellation);
        await other.PublishAsync("$KV.hosts.b", "it", cancellationToken: Cancellation);
        await host.PingAsync(Cancellation);
        Assert.False(heard.Msgs.TryRead(out NatsMsg<string> message), message.Subject);
        Assert.False(heardInQueue.Msgs.TryRead(out message), message.Subject);
    }

    private static ConcurrentQueue<string> ErrorsOf(NatsConnection connection)
    {
        ConcurrentQueue<string> errors = [];
        connection.ServerError += (_, error) =>
        {
            errors.Enqueue(error.Error);
            return default;
        };
        return errors;
    }

    /// <summary>One server for all attempts; it is started by the first of them, since only a test can be skipped.</summary>
    public sealed class Farm : IAsyncDisposable
    {
        private readonly SemaphoreSlim _turn = new(1);
        private FarmServer? _server;
        private NatsConnection? _controller;
        private NatsConnection? _b;
        private INatsSub<string>? _heard;
        private NatsJSContext? _streams;

        internal NatsConnection Controller => _controller!;

        internal NatsConnection B => _b!;

        internal NatsJSContext Streams => _streams!;

        /// <summary>All that the controller hears, whoever has sent it.</summary>
        internal ConcurrentQueue<string> Heard { get; } = [];

        internal async Task<FarmServer> Start()
        {
            await _turn.WaitAsync(Cancellation);
            try
            {
                if (_server is null)
                {
                    FarmServer server = await FarmServer.Start();
                    _controller = await server.Connect(FarmDocument.ControllerName);
                    _b = await server.Connect("b");
                    _streams = await FarmServer.MakeStreams(_controller);
                    await _streams.PublishAsync("farm.job.host.b.1", "job");
                    await _streams.PublishAsync("farm.job.any.1", "job");
                    _heard = await _controller.SubscribeCoreAsync<string>("farm.>");
                    _ = Hear(_heard);
                    _server = server;
                }

                return _server;
            }
            finally
            {
                _turn.Release();
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (_heard is not null)
            {
                await _heard.DisposeAsync();
            }

            if (_b is not null)
            {
                await _b.DisposeAsync();
            }

            if (_controller is not null)
            {
                await _controller.DisposeAsync();
            }

            _server?.Dispose();
            _turn.Dispose();
        }

        private async Task Hear(INatsSub<string> subscription)
        {
            await foreach (NatsMsg<string> message in subscription.Msgs.ReadAllAsync())
            {
                Heard.Enqueue(message.Subject);
            }
        }
    }
}
