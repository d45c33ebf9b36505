// SPDX-License-Identifier: MIT

using System.Text;
using System.Text.Json;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Farm.Protocol;
using Kvmsys.Monitor.Sql;
using Kvmsys.Tests.NoDevice.Daemon;
using Microsoft.Data.Sqlite;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>A farm with members that are wrong, old, new or twice there: it is said on both sides, and nothing is lost.</summary>
public sealed class FarmBadDaysTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("farm.result.a.1", "garbage", "'g' is an invalid start of a value")]
    [InlineData("farm.result.a.1", "", "does not contain any JSON tokens")]
    [InlineData("farm.result.a.1", "null", "it is empty")]
    [InlineData("farm.result.a.1", "{}", "missing required properties")]
    public async Task What_is_no_result_is_set_aside_and_shown(string subject, string message, string reason)
    {
        await using Farm farm = await Farm.Start();
        await Publish(farm, subject, Encoding.UTF8.GetBytes(message));
        JsonElement aside = default;
        await farm.Until(
            async () =>
            {
                aside = (await farm.Get("/api/v1/aside")).GetProperty("results");
                return aside.GetArrayLength() == 1;
            },
            "nothing was set aside");
        Assert.Equal((subject, (long)message.Length), (aside[0].GetProperty("subject").GetString(), aside[0].GetProperty("bytes").GetInt64()));
        Assert.Contains(reason, aside[0].GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_result_that_names_another_host_or_another_farms_job_is_set_aside_and_the_job_goes_on()
    {
        await using Farm farm = await Farm.Start();
        long id = await farm.Submit(Farm.Doctor, "any");
        AttemptReport report = new()
        {
            Protocol = FarmProtocol.Version,
            Farm = "somebody else's",
            Job = id,
            Host = "b",
            Run = "1",
            StartedAt = DateTimeOffset.UtcNow,
            EndedAt = DateTimeOffset.UtcNow,
            Outcome = AttemptOutcome.Succeeded,
        };
        await Publish(farm, $"farm.result.a.{id}", JsonSerializer.SerializeToUtf8Bytes(report, FarmJson.Default.AttemptReport));
        await Publish(farm, $"farm.result.b.{id}", JsonSerializer.SerializeToUtf8Bytes(report, FarmJson.Default.AttemptReport));
        await Publish(farm, "farm.result.b.99", JsonSerializer.SerializeToUtf8Bytes(report with { Job = 99 }, FarmJson.Default.AttemptReport));
        string[] reasons = [];
        await farm.Until(
            async () =>
            {
                reasons = [.. (await farm.Get("/api/v1/aside")).GetProperty("results").EnumerateArray().Select(one => one.GetProperty("reason").GetString()!)];
                return reasons.Length == 3;
            },
            "not all were set aside");
        Assert.Contains("it says that it is of host b and job 1", reasons);
        Assert.Contains("it is of another ledger's job", reasons);
        farm.Agent("a").Begin();
        await farm.UntilJob(id, "done");
    }

    [Theory]
    [InlineData("host:b", "job 1 is for host:b, and not for host a")]
    [InlineData("cpu:AuthenticAMD-25-1-1-kvm_amd", "job 1 is for cpu:AuthenticAMD-25-1-1-kvm_amd, and not for host a")]
    public async Task A_host_has_no_say_in_a_job_that_is_not_for_it(string target, string reason)
    {
        await using Farm farm = await Farm.Start("a");
        await farm.UntilJob(await farm.Submit(Farm.Doctor, target), "queued");

        // What a stolen key knows of the farm, it has from a job of its own.
        long own = await farm.Submit(Farm.Doctor, "host:a");
        await farm.UntilJob(own, "done");
        AttemptReport report = new()
        {
            Protocol = FarmProtocol.Version,
            Farm = FarmIdOf(farm),
            Job = 1,
            Host = "a",
            Run = "forged",
            StartedAt = DateTimeOffset.UtcNow,
            EndedAt = DateTimeOffset.UtcNow,
            Outcome = AttemptOutcome.Succeeded,
            Document = FarmProtocol.Pack("{}"u8),
        };
        await Publish(farm, "farm.event.a.started.1", JsonSerializer.SerializeToUtf8Bytes(report with { Outcome = null }, FarmJson.Default.AttemptReport));
        await Publish(farm, "farm.result.a.1", JsonSerializer.SerializeToUtf8Bytes(report, FarmJson.Default.AttemptReport));
        await farm.Until(async () => (await farm.Get("/api/v1/aside")).GetProperty("results").GetArrayLength() == 1, "it was not set aside");
        Assert.Equal(reason, (await farm.Get("/api/v1/aside")).GetProperty("results")[0].GetProperty("reason").GetString());
        JsonElement job = await farm.Job(1);
        Assert.Equal("queued", job.GetProperty("state").GetString());
        Assert.Empty(Farm.Attempts(job));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(201)]
    public async Task A_host_whose_labels_are_none_is_not_taken_in(int? length)
    {
        await using Farm farm = await Farm.Start();
        await Report(farm, "odd", report => report with { Labels = new Dictionary<string, string> { ["cpu"] = length is int longest ? new string('x', longest) : null! } });
        await farm.Until(() => Task.FromResult(farm.Controller.Log.Contains("what host odd says of itself makes no sense", StringComparison.Ordinal)), "the controller does not say so");
        Assert.Empty((await farm.Get("/api/v1/hosts")).GetProperty("hosts").EnumerateArray());
    }

    [Fact]
    public async Task Two_hosts_of_one_name_are_told_so_and_neither_is_given_a_job()
    {
        await using Farm farm = await Farm.Start("a");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("kvmsys-second-");
        try
        {
            using (FarmProcess second = farm.NewAgent("a", folder.FullName))
            {
                second.Begin();
                await farm.Until(async () => (await farm.Host("a")).TryGetProperty("reason", out JsonElement reason) && reason.GetString()!.Contains("there are two hosts of this name", StringComparison.Ordinal), "nobody sees the second");
                await farm.Until(() => Task.FromResult(second.Log.Contains("there are two hosts of this name", StringComparison.Ordinal)), "the second is not told", () => second.Log);
                await farm.Until(() => Task.FromResult(farm.Agent("a").Log.Contains("there are two hosts of this name", StringComparison.Ordinal)), "the first is not told");
            }

            // When one of them is gone, the other one goes on.
            await farm.UntilJob(await farm.Submit(Farm.Doctor, "host:a"), "done");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData(0, 0, "host old is too old: it speaks the farm's protocol 0")]
    [InlineData(99, 98, "host old is too new: it speaks no protocol of the farm before 98")]
    public async Task A_host_that_speaks_another_protocol_is_refused_in_words(int version, int oldest, string reason)
    {
        await using Farm farm = await Farm.Start();
        await Report(farm, "old", report => report with { Protocol = version, OldestProtocol = oldest });
        await farm.Until(async () => (await farm.Get("/api/v1/hosts")).GetProperty("hosts").GetArrayLength() == 1, "nobody hears of it");
        Assert.StartsWith(reason, (await farm.Host("old")).GetProperty("reason").GetString(), StringComparison.Ordinal);

        // It is told, and it is none of those that jobs are for.
        await using NatsConnection nats = new(new NatsOpts { Url = farm.Broker.Url });
        byte[] orders = [];
        await farm.Until(
            async () =>
            {
                NatsMsg<byte[]> answer = await nats.RequestAsync<byte[]>("$JS.API.DIRECT.GET.KV_desired.$KV.desired.old", cancellationToken: Cancellation);
                orders = answer.Data ?? [];
                return orders.Length > 0;
            },
            "it is not told");
        Assert.StartsWith(reason, JsonSerializer.Deserialize(orders, FarmJson.Default.HostOrders)!.Refusal, StringComparison.Ordinal);
        JsonElement refused = await farm.Post("/api/v1/batches", $$"""{"target":"each","job":{{Farm.Doctor}}}""");
        Assert.StartsWith("no host fits: 0 are there", refused.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_controller_that_is_newer_than_a_host_knows_is_told_at_the_host_and_nothing_is_taken()
    {
        await using Farm farm = await Farm.Start("a");
        farm.Controller.Kill();
        HostOrders orders = new() { Protocol = 99, OldestProtocol = 98 };
        await Publish(farm, "$KV.desired.a", JsonSerializer.SerializeToUtf8Bytes(orders, FarmJson.Default.HostOrders));
        await using (NatsConnection nats = new(new NatsOpts { Url = farm.Broker.Url }))
        {
            await nats.PublishAsync("farm.ctl.a", Array.Empty<byte>(), cancellationToken: Cancellation);
            await nats.PingAsync(Cancellation);
        }

        await farm.Until(() => Task.FromResult(farm.Agent("a").Log.Contains("the controller is too new", StringComparison.Ordinal)), "the host does not say so");
    }

    [Theory]
    [InlineData("host:a")]
    [InlineData("any")]
    public async Task An_idle_host_is_told_again_of_a_job_that_nobody_does(string target)
    {
        await using Farm farm = await Farm.Start();
        await using NatsConnection nats = new(new NatsOpts { Url = farm.Broker.Url });
        await using INatsSub<string> wakes = await nats.SubscribeCoreAsync<string>("farm.wake.host.a", cancellationToken: Cancellation);
        await Report(farm, "a", report => report);
        await farm.UntilThere("a");
        await farm.Submit(Farm.Doctor, target);

        // Once because it is new, where it is for this host alone; and then because it lies there.
        for (int told = 0; told < 2;)
        {
            await Report(farm, "a", report => report);
            told += wakes.Msgs.TryRead(out _) ? 1 : 0;
            await Task.Delay(100, Cancellation);
        }
    }

    [Fact]
    public async Task A_controller_whose_watch_of_the_hosts_the_server_has_forgotten_hears_of_them_again()
    {
        await using Farm farm = await Farm.Start();
        await using NatsConnection nats = new(new NatsOpts { Url = farm.Broker.Url });
        NatsJSContext streams = new(nats);
        await Report(farm, "a", report => report);
        await farm.UntilThere("a");
        const string heartbeats = $"KV_{FarmSubjects.Hosts}";
        List<string> watches = [];
        await foreach (string watch in streams.ListConsumerNamesAsync(heartbeats, Cancellation))
        {
            watches.Add(watch);
        }

        Assert.NotEmpty(watches);
        foreach (string watch in watches)
        {
            await streams.DeleteConsumerAsync(heartbeats, watch, Cancellation);
        }

        await Report(farm, "b", report => report);
        await farm.UntilThere("b");
    }

    [Fact]
    public async Task A_clock_that_is_wrong_by_an_hour_is_shown_and_changes_nothing()
    {
        await using Farm farm = await Farm.Start();
        await Report(farm, "late", report => report with { At = DateTimeOffset.UtcNow - TimeSpan.FromHours(1) });
        await farm.Until(async () => (await farm.Get("/api/v1/hosts")).GetProperty("hosts").GetArrayLength() == 1, "nobody hears of it");
        JsonElement host = await farm.Host("late");
        Assert.True(host.GetProperty("there").GetBoolean());
        Assert.Matches("^its clock is (00:59|01:00):[0-9]{2} behind the controller's$", host.GetProperty("skew").GetString());
    }

    [Fact]
    public async Task Jobs_for_which_the_stream_has_no_room_wait_in_the_ledger_until_it_has()
    {
        await using Farm farm = await Farm.Start();
        await using NatsConnection nats = new(new NatsOpts { Url = farm.Broker.Url });
        NatsJSContext streams = new(nats);
        await Shorten(farm, streams, FarmSubjects.Jobs, 4000);
        List<long> ids = [];
        for (int i = 0; i < 60; i++)
        {
            ids.Add(await farm.Submit(Farm.Doctor, "any"));
        }

        await farm.Until(() => Task.FromResult(farm.Controller.Log.Contains("maximum bytes exceeded", StringComparison.Ordinal)), "the controller does not say so");
        Assert.InRange((await streams.GetStreamAsync(FarmSubjects.Jobs, cancellationToken: Cancellation)).Info.State.Messages, 1, 59);
        farm.Agent("a").Begin();
        foreach (long id in ids)
        {
            await farm.UntilJob(id, "done");
        }
    }

    [Fact]
    public async Task Results_that_the_ledger_has_make_room_in_their_stream_for_those_that_come()
    {
        await using Farm farm = await Farm.Start("a");
        await using NatsConnection nats = new(new NatsOpts { Url = farm.Broker.Url });
        NatsJSContext streams = new(nats);
        await farm.UntilJob(await farm.Submit(Farm.Doctor, "any"), "done");
        await Shorten(farm, streams, FarmSubjects.Results, 5 * (await Results()).Bytes);
        for (int i = 0; i < 12; i++)
        {
            await farm.UntilJob(await farm.Submit(Farm.Doctor, "any"), "done");
        }

        Assert.InRange((await Results()).FirstSeq, 2ul, 13ul);
        Assert.Equal(13ul, (await Results()).LastSeq);

        async Task<StreamState> Results() => (await streams.GetStreamAsync(FarmSubjects.Results, cancellationToken: Cancellation)).Info.State;
    }

    [Fact]
    public async Task A_host_without_room_on_its_disk_takes_no_job_says_so_and_takes_one_when_there_is_room()
    {
        using SmallDisk? disk = SmallDisk.TryMount("80m");
        Assert.SkipWhen(disk is null, "this user may not mount a file system");
        await using Farm farm = await Farm.Start();
        using FarmProcess agent = farm.NewAgent("a", disk.Path);
        await agent.Start();
        await farm.UntilThere("a");
        disk.Fill();
        await farm.Until(
            async () => await farm.Host("a") is JsonElement host && host.GetProperty("readiness").GetString() == "busy"
                && host.GetProperty("reason").GetString() is string reason && reason.Contains("MiB of room for its results, and 32 are needed", StringComparison.Ordinal),
            "it does not say so",
            () => agent.Log);
        long id = await farm.Submit(Farm.Doctor, "host:a");
        await Task.Delay(TimeSpan.FromSeconds(3), Cancellation);
        Assert.Equal("queued", (await farm.Job(id)).GetProperty("state").GetString());
        disk.Empty();
        Assert.Equal(["succeeded"], Farm.Outcomes(await farm.UntilJob(id, "done", "failed")));
    }

    [Fact]
    public async Task A_batch_goes_to_hosts_with_the_labels_that_are_wanted()
    {
        await using Farm farm = await Farm.Start();
        await Report(farm, "a1", report => report with { CpuKey = "A-1-1-1-kvm_amd", Labels = Labels("A-1-1-1-kvm_amd", "6.1.0") });
        await Report(farm, "a2", report => report with { CpuKey = "A-1-1-1-kvm_amd", Labels = Labels("A-1-1-1-kvm_amd", "6.12.9") });
        await Report(farm, "b1", report => report with { CpuKey = "B-2-2-2-kvm_intel", Labels = Labels("B-2-2-2-kvm_intel", "6.12.9") });
        await farm.UntilThere("a1", "a2", "b1");
        Assert.Equal(["host:a1", "host:a2", "host:b1"], await TargetsOf("each"));
        Assert.Equal(["cpu:A-1-1-1-kvm_amd", "cpu:B-2-2-2-kvm_intel"], await TargetsOf("per-cpu"));
        Assert.Equal(["host:a2", "host:b1"], await TargetsOf("each", "kernel=6.12.*"));
        Assert.Equal(["host:a2", "cpu:B-2-2-2-kvm_intel"], await TargetsOf("per-cpu", "kernel=6.12.*"));
        Assert.Equal(["host:a2"], await TargetsOf("each", "kernel=6.12.*", "cpuKey=a-*"));
        JsonElement none = await farm.Post("/api/v1/batches", $$"""{"target":"each","where":["kernel=7*"],"job":{{Farm.Doctor}}}""");
        Assert.StartsWith("no host fits: 3 are there, and none with kernel=7*. Cure: ", none.GetProperty("detail").GetString(), StringComparison.Ordinal);

        async Task<string[]> TargetsOf(string target, params string[] where)
        {
            JsonElement batch = await farm.Post(
                "/api/v1/batches", $$"""{"target":"{{target}}","where":[{{string.Join(',', where.Select(text => $"\"{text}\""))}}],"job":{{Farm.Doctor}}}""");
            return [.. batch.GetProperty("jobs").EnumerateArray().Select(job => job.GetProperty("request").GetProperty("target").GetString()!)];
        }
    }

    [Theory]
    [InlineData("""{"target":"nobody","job":{"kind":"doctor"}}""", "target: each, per-cpu, any, host:NAME")]
    [InlineData("""{"target":"host:A.B","job":{"kind":"doctor"}}""", "target: ")]
    [InlineData("""{"target":"any","where":["kernel=6*"],"job":{"kind":"doctor"}}""", "where: only with each and per-cpu")]
    [InlineData("""{"target":"each","where":["kernel"],"job":{"kind":"doctor"}}""", "where: at most 20 of LABEL=PATTERN")]
    [InlineData("""{"target":"any","job":{"kind":"doctor","target":"host:a"}}""", "job.target: the batch has one")]
    [InlineData("""{"target":"any","job":{"kind":"run"}}""", "job.program: ")]
    public async Task A_batch_that_makes_no_sense_is_refused(string json, string objection)
    {
        await using Farm farm = await Farm.Start();
        JsonElement problem = await farm.Post("/api/v1/batches", json);
        Assert.Equal(400, problem.GetProperty("status").GetInt32());
        Assert.StartsWith(objection, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private static string FarmIdOf(Farm farm)
    {
        SqliteLibrary.Load();
        using SqliteConnection database = SqliteStoreDatabase.Connect(Path.Combine(farm.Controller.StateFolder, SqliteStoreDatabase.FileName), SqliteOpenMode.ReadOnly);
        return (string)database.Scalar("SELECT id FROM farm")!;
    }

    private static Dictionary<string, string> Labels(string key, string kernel) => new() { ["cpuKey"] = key, ["kernel"] = kernel };

    private static Task Report(Farm farm, string name, Func<HostReport, HostReport> change) => Publish(
        farm,
        $"$KV.hosts.{name}",
        JsonSerializer.SerializeToUtf8Bytes(
            change(new()
            {
                Protocol = FarmProtocol.Version,
                OldestProtocol = FarmProtocol.Oldest,
                Instance = name,
                At = DateTimeOffset.UtcNow,
                CpuKey = "GenuineIntel-6-1-1-kvm_intel",
                Labels = new Dictionary<string, string>(),
                Readiness = HostReadiness.Idle,
            }),
            FarmJson.Default.HostReport));

    /// <summary>Publishes to a stream, as soon as it is there.</summary>
    /// <summary>Gives a stream less room, when the controller has made it.</summary>
    private static async Task Shorten(Farm farm, NatsJSContext streams, string name, long bytes)
    {
        StreamConfig config = null!;
        await farm.Until(
            async () =>
            {
                try
                {
                    config = (await streams.GetStreamAsync(name, cancellationToken: Cancellation)).Info.Config;
                    return true;
                }
                catch (NatsJSApiException)
                {
                    return false;
                }
            },
            "there is no stream");
        await streams.UpdateStreamAsync(config with { MaxBytes = bytes }, Cancellation);
    }

    private static async Task Publish(Farm farm, string subject, byte[] message)
    {
        await using NatsConnection nats = new(new NatsOpts { Url = farm.Broker.Url, RequestTimeout = TimeSpan.FromSeconds(2) });
        NatsJSContext streams = new(nats);
        await farm.Until(
            async () =>
            {
                try
                {
                    (await streams.PublishAsync(subject, message, cancellationToken: Cancellation)).EnsureSuccess();
                    return true;
                }
                catch (NatsException)
                {
                    return false;
                }
            },
            $"nobody keeps {subject}");
    }
}
