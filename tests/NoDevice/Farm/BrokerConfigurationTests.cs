// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Kvmsys.Monitor.Farm.Broker;
using Kvmsys.Monitor.Farm.Protocol;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>The configuration of a farm, as a real server takes it, and what members may do by it.</summary>
public sealed class BrokerConfigurationTests
{
    private static readonly AckOpts Twice = new() { DoubleAck = true };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, null, null)]
    [InlineData(1, "farm.example.org,192.0.2.7,2001:db8::1", null)]
    [InlineData(30, null, "/tmp/a \"quoted\" \\ $folder #1 é")]
    public void The_server_takes_the_configuration(int hosts, string? tls, string? store)
    {
        Assert.SkipWhen(Broker.Found is null, "nats-server is not here; ./build.sh test fetches it");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("kvmsys-farm-");
        FarmFolder farm = new(Path.Combine(folder.FullName, "farm"));
        farm.Create(new() { Listen = BrokerAddress.Parse("[::1]:4222")!, TlsNames = tls?.Split(','), Store = store }, TimeProvider.System);
        for (int host = 0; host < hosts; host++)
        {
            farm.Add($"host{host}", FarmKey.Create().PublicKey, host % 2 == 0 ? FarmServer.CpuKeyOfA : FarmServer.CpuKeyOfB, TimeProvider.System);
        }

        using Process server = Process.Start(new ProcessStartInfo(Broker.Found!, ["-t", "-c", farm.ConfigurationPath]) { RedirectStandardError = true })!;
        string said = server.StandardError.ReadToEnd();
        server.WaitForExit();
        Assert.Equal(0, server.ExitCode);
        Assert.Contains("is valid", said, StringComparison.Ordinal);
        folder.Delete(recursive: true);
    }

    [Fact]
    public void The_farms_account_is_as_long_for_many_hosts_as_for_one()
    {
        Assert.Equal(FarmAccount(1), FarmAccount(100));

        static string FarmAccount(int hosts)
        {
            FarmMember[] members = [.. Enumerable.Range(0, hosts).Select(host => new FarmMember { Name = $"host{host}", Role = FarmRole.Host, Account = host + 1, PublicKey = "U", CpuKey = FarmServer.CpuKeyOfA, AddedAt = default })];
            string text = BrokerConfiguration.Text(new() { Listen = "127.0.0.1:4222", Store = "/streams", Members = members }, "/server.pid");
            return text[..text.IndexOf("HOST_", StringComparison.Ordinal)].Replace("host0", "", StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_server_that_knows_how_syncs_each_message()
    {
        Assert.Contains("sync_interval: always\n}", Text("2.10"), StringComparison.Ordinal);
        Assert.Contains("sync_interval: always\n}", Text("3.0"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2.9", "which nats-server 2.9 does not know (2.10 does)")]
    [InlineData(null, "it is not known which nats-server reads this")]
    public void A_server_that_may_not_know_how_is_told_nothing_and_the_reader_why(string? version, string why)
    {
        string text = Text(version);
        Assert.All(text.Split('\n').Where(line => line.Contains("sync_interval", StringComparison.Ordinal)), line => Assert.StartsWith("#", line.TrimStart(), StringComparison.Ordinal));
        Assert.Contains(why, text, StringComparison.Ordinal);
        Assert.Contains("ledger", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_version_of_this_hosts_server_is_what_it_says_of_itself()
    {
        Assert.SkipWhen(Broker.Found is null, "nats-server is not here; ./build.sh test fetches it");
        using Broker broker = new();
        await broker.Start();
        await using NatsConnection connection = new(new NatsOpts { Url = broker.Url });
        await connection.ConnectAsync();
        Assert.Equal(BrokerVersion.Parse(connection.ServerInfo!.Version), BrokerVersion.OfHost(Path.GetDirectoryName(Broker.Found)));
    }

    [Theory]
    [InlineData("2.11", "2.11")]
    [InlineData("v2.9.10", "2.9")]
    [InlineData("nats-server: v2.12.1-beta.3", "2.12")]
    [InlineData("2", null)]
    [InlineData("2.x", null)]
    [InlineData("2.11\n}", null)]
    [InlineData("", null)]
    public void A_version_is_two_numbers_and_what_comes_behind(string text, string? version) => Assert.Equal(version, BrokerVersion.Parse(text)?.ToString());

    [Fact]
    public async Task The_controller_makes_streams_buckets_and_consumers()
    {
        using FarmServer server = await FarmServer.Start();
        await using NatsConnection controller = await server.Connect(FarmDocument.ControllerName);
        NatsJSContext streams = await FarmServer.MakeStreams(controller);
        string state = await FarmServer.StateOf(streams);
        Assert.All(new[] { "JOBS 0", "RESULTS 0", "EVENTS 0", "KV_hosts 0", "KV_desired 2", "h_a", $"c_{FarmServer.CpuKeyOfA}", "any" }, part => Assert.Contains(part, state, StringComparison.Ordinal));
        await streams.PurgeStreamAsync(FarmSubjects.Jobs, new StreamPurgeRequest { Filter = "farm.job.any.7" }, Cancellation);
        Assert.DoesNotContain("Violation", server.Broker.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("farm.job.host.a.1", "h_a")]
    [InlineData($"farm.job.class.{FarmServer.CpuKeyOfA}.1", $"c_{FarmServer.CpuKeyOfA}")]
    [InlineData("farm.job.any.1", "any")]
    public async Task A_host_takes_a_job_of_its_own_its_kind_and_any_and_acknowledges_it(string subject, string consumer)
    {
        using FarmServer server = await FarmServer.Start();
        await using NatsConnection controller = await server.Connect(FarmDocument.ControllerName);
        NatsJSContext streams = await FarmServer.MakeStreams(controller);
        await streams.PublishAsync(subject, "job", cancellationToken: Cancellation);

        await using NatsConnection host = await server.Connect("a");
        INatsJSConsumer jobs = await new NatsJSContext(host).GetConsumerAsync(FarmSubjects.Jobs, consumer, Cancellation);
        INatsJSMsg<string> job = (await jobs.NextAsync<string>(cancellationToken: Cancellation))!;
        Assert.Equal("job", job.Data);
        await job.AckProgressAsync(cancellationToken: Cancellation);
        await job.AckAsync(Twice, Cancellation);
        Assert.Equal(0, (await streams.GetStreamAsync(FarmSubjects.Jobs, cancellationToken: Cancellation)).Info.State.Messages);
        Assert.DoesNotContain("Violation", server.Broker.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_says_that_it_is_there_what_happens_and_what_has_come_of_it()
    {
        using FarmServer server = await FarmServer.Start();
        await using NatsConnection controller = await server.Connect(FarmDocument.ControllerName);
        await FarmServer.MakeStreams(controller);
        await using NatsConnection host = await server.Connect("a");
        NatsJSContext streams = new(host);
        foreach ((string subject, string stream) in new[] { (FarmSubjects.Result("a", "1"), FarmSubjects.Results), (FarmSubjects.Started("a", "1"), FarmSubjects.Events), ("$KV.hosts.a", "KV_hosts") })
        {
            PubAckResponse kept = await streams.PublishAsync(subject, "it", cancellationToken: Cancellation);
            Assert.Null(kept.Error);
            Assert.Equal(stream, kept.Stream);
        }

        Assert.DoesNotContain("Violation", server.Broker.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_reads_what_it_is_to_be()
    {
        using FarmServer server = await FarmServer.Start();
        await using NatsConnection controller = await server.Connect(FarmDocument.ControllerName);
        await FarmServer.MakeStreams(controller);
        await using NatsConnection host = await server.Connect("a");
        NatsMsg<string> value = await host.RequestAsync<string>("$JS.API.DIRECT.GET.KV_desired.$KV.desired.a", cancellationToken: Cancellation);
        Assert.Equal("desired of a", value.Data);
    }

    [Theory]
    [InlineData("a", false)]
    [InlineData("a", true)]
    [InlineData("c", true)]
    public async Task Nobody_but_the_farm_tells_a_host_of_its_consumers(string name, bool afterReload)
    {
        using FarmServer server = await FarmServer.Start();
        await using NatsConnection controller = await server.Connect(FarmDocument.ControllerName);
        await FarmServer.MakeStreams(controller);
        if (afterReload)
        {
            server.AddHost("c", FarmServer.CpuKeyOfA);
            await server.Reload();
        }

        await using NatsConnection host = await server.Connect(name);
        await using INatsSub<string> answers = await host.SubscribeCoreAsync<string>($"_INBOX_{name}.all", cancellationToken: Cancellation);
        const int requests = 100;
        for (int i = 0; i < requests; i++)
        {
            await host.PublishAsync("$JS.API.CONSUMER.INFO.JOBS.any", "", replyTo: answers.Subject, cancellationToken: Cancellation);
        }

        for (int i = 0; i < requests; i++)
        {
            Assert.DoesNotContain("error", (await answers.Msgs.ReadAsync(Cancellation)).Data, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_host_hears_what_it_is_told_and_that_there_may_be_a_job_for_it()
    {
        using FarmServer server = await FarmServer.Start();
        await using NatsConnection controller = await server.Connect(FarmDocument.ControllerName);
        await using NatsConnection host = await server.Connect("a");
        foreach (string subject in new[] { FarmSubjects.Control("a"), FarmSubjects.WakeHost("a"), FarmSubjects.WakeClass(FarmServer.CpuKeyOfA), FarmSubjects.WakeAll })
        {
            await using INatsSub<string> wake = await host.SubscribeCoreAsync<string>(subject, cancellationToken: Cancellation);
            await host.PingAsync(Cancellation);
            await controller.PublishAsync(subject, cancellationToken: Cancellation);
            Assert.Equal(subject, (await wake.Msgs.ReadAsync(Cancellation)).Subject);
        }
    }

    [Fact]
    public async Task A_key_that_is_revoked_is_disconnected_and_cannot_come_back_and_another_goes_on()
    {
        using FarmServer server = await FarmServer.Start();
        await using NatsConnection a = await server.Connect("a");
        await using NatsConnection b = await server.Connect("b");
        TaskCompletionSource disconnected = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int disconnectedB = 0;
        a.ConnectionDisconnected += (_, _) =>
        {
            disconnected.TrySetResult();
            return default;
        };
        b.ConnectionDisconnected += (_, _) =>
        {
            disconnectedB++;
            return default;
        };

        server.Folder.Revoke("a");
        await server.Reload();
        await disconnected.Task.WaitAsync(Cancellation);
        await Assert.ThrowsAsync<NatsException>(async () => await (await server.Connect("a")).DisposeAsync());
        await b.PingAsync(Cancellation);
        Assert.Equal(0, disconnectedB);
    }

    [Fact]
    public async Task A_host_that_is_added_is_let_in_after_a_reload_and_nobody_is_disconnected()
    {
        using FarmServer server = await FarmServer.Start();
        await using NatsConnection a = await server.Connect("a");
        FarmKey key = FarmKey.Create();
        server.Folder.Add("c", key.PublicKey, FarmServer.CpuKeyOfB, TimeProvider.System);
        NatsOpts options = server.OptionsOf("a") with { AuthOpts = new NatsAuthOpts { NKey = key.PublicKey, Seed = key.Seed } };
        await Assert.ThrowsAsync<NatsException>(() => ConnectBy(options));
        await server.Reload();
        await ConnectBy(options);
        Assert.Equal(NatsConnectionState.Open, a.ConnectionState);
        await a.PingAsync(Cancellation);
    }

    [Fact]
    public async Task A_host_that_is_added_may_do_after_a_reload_what_the_others_may_also_where_another_one_was()
    {
        using FarmServer server = await FarmServer.Start();
        await using NatsConnection controller = await server.Connect(FarmDocument.ControllerName);
        NatsJSContext streams = await FarmServer.MakeStreams(controller);
        server.Folder.Revoke("a");
        foreach (string name in (string[])["c", "d"])
        {
            server.AddHost(name, FarmServer.CpuKeyOfA);
            await server.Reload();
            await using NatsConnection host = await server.Connect(name);
            await streams.PublishAsync("farm.job.any.1", name, cancellationToken: Cancellation);
            INatsJSConsumer jobs = await new NatsJSContext(host).GetConsumerAsync(FarmSubjects.Jobs, FarmSubjects.AnyConsumer, Cancellation);
            INatsJSMsg<string> job = (await jobs.NextAsync<string>(cancellationToken: Cancellation))!;
            Assert.Equal(name, job.Data);
            await job.AckAsync(Twice, Cancellation);
            await using INatsSub<string> heard = await host.SubscribeCoreAsync<string>(FarmSubjects.Control(name), cancellationToken: Cancellation);
            await host.PingAsync(Cancellation);
            await controller.PublishAsync(FarmSubjects.Control(name), "told", cancellationToken: Cancellation);
            Assert.Equal("told", (await heard.Msgs.ReadAsync(Cancellation)).Data);
            PubAckResponse said = await new NatsJSContext(host).PublishAsync($"$KV.hosts.{name}", "there", cancellationToken: Cancellation);
            Assert.Null(said.Error);
        }
    }

    [Fact]
    public async Task A_host_that_waits_for_a_job_gets_it_though_the_farm_has_changed_meanwhile()
    {
        using FarmServer server = await FarmServer.Start();
        await using NatsConnection controller = await server.Connect(FarmDocument.ControllerName);
        NatsJSContext streams = await FarmServer.MakeStreams(controller);
        await using NatsConnection host = await server.Connect("a");
        INatsJSConsumer jobs = await new NatsJSContext(host).GetConsumerAsync(FarmSubjects.Jobs, FarmSubjects.AnyConsumer, Cancellation);
        ValueTask<INatsJSMsg<string>?> waits = jobs.NextAsync<string>(opts: new NatsJSNextOpts { Expires = TimeSpan.FromSeconds(30) }, cancellationToken: Cancellation);
        await Waiting(server, streams, 1);

        server.Folder.Revoke("b");
        server.Folder.Add("c", FarmKey.Create().PublicKey, FarmServer.CpuKeyOfA, TimeProvider.System);
        await server.Reload();
        await streams.PublishAsync("farm.job.any.1", "job", cancellationToken: Cancellation);
        INatsJSMsg<string> job = (await waits)!;
        Assert.Equal(1ul, job.Metadata!.Value.NumDelivered);
        await job.AckAsync(Twice, Cancellation);
    }

    [Fact]
    public async Task A_job_goes_to_no_host_that_waited_for_one_and_was_revoked()
    {
        using FarmServer server = await FarmServer.Start();
        await using NatsConnection controller = await server.Connect(FarmDocument.ControllerName);
        NatsJSContext streams = await FarmServer.MakeStreams(controller);
        await using NatsConnection revoked = await server.Connect("a");
        await using INatsSub<string> inbox = await revoked.SubscribeCoreAsync<string>(revoked.NewInbox(), cancellationToken: Cancellation);
        await revoked.PublishAsync("$JS.API.CONSUMER.MSG.NEXT.JOBS.any", """{"batch":1,"expires":30000000000}""", replyTo: inbox.Subject, cancellationToken: Cancellation);
        await Waiting(server, streams, 1);
        server.Folder.Revoke("a");
        await server.Reload();

        await streams.PublishAsync("farm.job.any.1", "job", cancellationToken: Cancellation);
        await using NatsConnection host = await server.Connect("b");
        INatsJSConsumer jobs = await new NatsJSContext(host).GetConsumerAsync(FarmSubjects.Jobs, FarmSubjects.AnyConsumer, Cancellation);
        INatsJSMsg<string> job = (await jobs.NextAsync<string>(cancellationToken: Cancellation))!;
        Assert.Equal(1ul, job.Metadata!.Value.NumDelivered);
        await job.AckAsync(Twice, Cancellation);
    }

    [Fact]
    public async Task Nobody_is_let_in_by_a_key_that_is_not_in_the_farm_nor_by_another_ones_public_key_nor_without_a_key()
    {
        using FarmServer server = await FarmServer.Start();
        FarmKey other = FarmKey.Create();
        NatsAuthOpts[] wrong =
        [
            new() { NKey = other.PublicKey, Seed = other.Seed },
            new() { NKey = server.KeyOf("a").PublicKey, Seed = other.Seed },
            new(),
            new() { Username = "a", Password = "a" },
        ];
        foreach (NatsAuthOpts authentication in wrong)
        {
            await Assert.ThrowsAsync<NatsException>(() => ConnectBy(server.OptionsOf("a") with { AuthOpts = authentication }));
        }
    }

    [Fact]
    public async Task A_message_of_eight_mebibytes_is_taken()
    {
        using FarmServer server = await FarmServer.Start();
        await using NatsConnection controller = await server.Connect(FarmDocument.ControllerName);
        await FarmServer.MakeStreams(controller);
        await using NatsConnection host = await server.Connect("a");
        Assert.Equal(BrokerConfiguration.LargestMessageMebibytes << 20, host.ServerInfo!.MaxPayload);
        PubAckResponse kept = await new NatsJSContext(host).PublishAsync(FarmSubjects.Result("a", "1"), new byte[BrokerConfiguration.LargestMessageMebibytes << 20], cancellationToken: Cancellation);
        Assert.Null(kept.Error);
    }

    [Fact]
    public void The_document_shows_every_permission()
    {
        string document = File.ReadAllText(Path.Combine(Checkout.Root, "docs/FARM.md"));
        IEnumerable<string> subjects = BrokerPermissions.All.SelectMany(row => row.Subjects(row.Role == FarmRole.Controller ? FarmDocument.ControllerName : "NAME", "KEY"));
        Assert.All(subjects, subject => Assert.Contains($"`{subject}`", document, StringComparison.Ordinal));
        Assert.All(BrokerPermissions.All, row => Assert.Contains($"| {row.Why} |", document, StringComparison.Ordinal));
    }

    /// <summary>Waits until so many requests wait for a job.</summary>
    private static async Task Waiting(FarmServer server, NatsJSContext streams, int count)
    {
        int waiting = 0;
        while (waiting < count)
        {
            waiting = (await streams.GetConsumerAsync(FarmSubjects.Jobs, FarmSubjects.AnyConsumer, Cancellation)).Info.NumWaiting;
            await Task.Delay(5, Cancellation);
        }

        Assert.DoesNotContain("Violation", server.Broker.Log, StringComparison.Ordinal);
    }

    private static async Task ConnectBy(NatsOpts options)
    {
        await using NatsConnection connection = new(options);
        await connection.ConnectAsync();
    }

    private static string Text(string? version) => BrokerConfiguration.Text(new() { Listen = "127.0.0.1:4222", Store = "/streams", ServerVersion = version, Members = [] }, "/server.pid");
}
