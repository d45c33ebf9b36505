// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Farm.Broker;
using Kvmsys.Monitor.Farm.Protocol;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>
/// A host may say where the server is to send its answers, and no permission is held against that: what the server answers must be heard in the host's own account
/// alone. In one account with the streams, every one of these attempts would do what its name says.
/// </summary>
public sealed class BrokerAnswerTests
{
    private const string NextJob = "$JS.API.CONSUMER.MSG.NEXT.JOBS.any";
    private const string ConsumerInfo = "$JS.API.CONSUMER.INFO.JOBS.any";
    private const string DesiredValue = "$JS.API.DIRECT.GET.KV_desired.$KV.desired.a";
    private const string OwnResult = "farm.result.a.1";
    private const string NobodysAck = "$JS.ACK.JOBS.h_a.1.9.1.1.0";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("a job for another host", NextJob, "farm.job.host.b.77")]
    [InlineData("a job for any host", OwnResult, "farm.job.any.77")]
    [InlineData("another host's result, as the value of a bucket", DesiredValue, "farm.result.b.77")]
    [InlineData("another host's result, as a description of a consumer", ConsumerInfo, "farm.result.b.77")]
    [InlineData("another host's result, as nothing", NobodysAck, "farm.result.b.77")]
    [InlineData("another host's event", OwnResult, "farm.event.b.started.1")]
    [InlineData("another host's cordon", ConsumerInfo, "$KV.desired.b")]
    [InlineData("another host's heartbeat", DesiredValue, "$KV.hosts.b")]
    [InlineData("a word to another host", OwnResult, "farm.ctl.b")]
    [InlineData("the end of a stream", NobodysAck, "$JS.API.STREAM.DELETE.JOBS")]
    [InlineData("the end of a consumer", NobodysAck, "$JS.API.CONSUMER.DELETE.JOBS.h_b")]
    [InlineData("an empty stream", OwnResult, "$JS.API.STREAM.PURGE.JOBS")]
    public async Task A_host_cannot_have_the_server_say(string what, string asked, string answeredAt)
    {
        Assert.NotEmpty(what);
        using FarmServer server = await FarmServer.Start();
        await using NatsConnection controller = await server.Connect(FarmDocument.ControllerName);
        NatsJSContext streams = await FarmServer.MakeStreams(controller);
        await streams.PublishAsync("farm.job.host.b.1", "job", cancellationToken: Cancellation);
        await streams.PublishAsync("farm.job.any.1", "job", cancellationToken: Cancellation);
        await using INatsSub<string> said = await controller.SubscribeCoreAsync<string>("farm.>", cancellationToken: Cancellation);
        await controller.PingAsync(Cancellation);
        string before = await StateOfOthers(streams);

        await using NatsConnection host = await server.Connect("a");
        await host.PublishAsync(asked, asked == OwnResult ? "result" : "", replyTo: answeredAt, cancellationToken: Cancellation);

        // What is asked after it is answered after it.
        await host.RequestAsync<string>(DesiredValue, cancellationToken: Cancellation);
        await host.RequestAsync<string>(ConsumerInfo, cancellationToken: Cancellation);
        await new NatsJSContext(host).PublishAsync(OwnResult, "another", cancellationToken: Cancellation);
        await new NatsJSContext(host).PublishAsync("$KV.hosts.a", "there", cancellationToken: Cancellation);
        Assert.Equal(before, await StateOfOthers(streams));
        while (said.Msgs.TryRead(out NatsMsg<string> message))
        {
            Assert.Equal(OwnResult, message.Subject);
        }
    }

    /// <summary>What there is that is not the host a's own.</summary>
    private static async Task<string> StateOfOthers(NatsJSContext streams)
    {
        string state = "";
        await foreach (INatsJSStream stream in streams.ListStreamsAsync(cancellationToken: Cancellation))
        {
            await stream.RefreshAsync(Cancellation);
            string name = stream.Info.Config.Name!;
            ulong own = name is FarmSubjects.Results ? await CountOf(streams, name, OwnResult) : name == $"KV_{FarmSubjects.Hosts}" ? await CountOf(streams, name, "$KV.hosts.a") : 0;
            state += $"{name} {(ulong)stream.Info.State.Messages - own}\n";
            await foreach (INatsJSConsumer consumer in streams.ListConsumersAsync(name, Cancellation))
            {
                state += $"  {consumer.Info.Name}{(consumer.Info.Name == FarmSubjects.HostConsumer("b") ? $" {consumer.Info.Delivered.StreamSeq} {consumer.Info.AckFloor.StreamSeq}" : "")}\n";
            }
        }

        foreach (string desired in new[] { "a", "b" })
        {
            INatsJSStream bucket = await streams.GetStreamAsync($"KV_{FarmSubjects.Desired}", cancellationToken: Cancellation);
            StreamMsgGetResponse value = await bucket.GetAsync(new StreamMsgGetRequest { LastBySubj = $"$KV.desired.{desired}" }, Cancellation);
            state += $"{System.Text.Encoding.UTF8.GetString(value.Message.Data.Span)}\n";
        }

        return state;
    }

    private static async Task<ulong> CountOf(NatsJSContext streams, string name, string subject)
    {
        ulong count = 0;
        INatsJSStream stream = await streams.GetStreamAsync(name, new StreamInfoRequest { SubjectsFilter = subject }, Cancellation);
        foreach (long messages in stream.Info.State.Subjects?.Values ?? [])
        {
            count += (ulong)messages;
        }

        return count;
    }
}
