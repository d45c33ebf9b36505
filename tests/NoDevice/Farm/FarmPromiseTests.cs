// SPDX-License-Identifier: MIT

using System.Text.Json;
using Kvmsys.Monitor.Farm.Protocol;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>What a farm promises, whoever is killed: with a real server, and with processes that ship.</summary>
public sealed class FarmPromiseTests
{
    private const string Any = "any";

    [Fact]
    public async Task A_job_for_each_host_is_done_by_each()
    {
        await using Farm farm = await Farm.Start("a", "b", "c");
        JsonElement batch = await farm.Post("/api/v1/batches", $$"""{"target":"each","job":{{Farm.Doctor}}}""");
        long[] jobs = [.. batch.GetProperty("jobs").EnumerateArray().Select(job => job.GetProperty("id").GetInt64())];
        Assert.Equal(3, jobs.Length);
        List<string?> hosts = [];
        foreach (long id in jobs)
        {
            JsonElement job = await farm.UntilJob(id, "done");
            hosts.Add(Farm.HostOf(Assert.Single(Farm.Attempts(job))));
        }

        Assert.Equal(["a", "b", "c"], hosts.Order());
    }

    [Fact]
    public async Task A_job_that_was_accepted_while_the_server_was_away_is_done_though_the_controller_is_killed_behind_it()
    {
        await using Farm farm = await Farm.Start("a");
        farm.Broker.Kill();
        long id = await farm.Submit(Farm.Doctor);
        farm.Controller.Kill();
        await farm.Controller.Start();
        await farm.Broker.Start();
        Assert.Single(Farm.Attempts(await farm.UntilJob(id, "done")));
    }

    [Fact]
    public async Task A_job_is_not_lost_with_the_servers_disk()
    {
        await using Farm farm = await Farm.Start();
        long[] ids = [await farm.Submit(Farm.Doctor), await farm.Submit(Farm.ShortBench), await farm.Submit(Farm.Doctor, "host:a")];
        await farm.Until(() => Task.FromResult(Directory.Exists(Path.Combine(farm.Broker.StreamFolder, "jetstream"))), "the server has no streams");
        farm.Broker.Kill();
        Directory.Delete(farm.Broker.StreamFolder, recursive: true);
        await farm.Broker.Start();
        farm.Agent("a").Begin();
        foreach (long id in ids)
        {
            await farm.UntilJob(id, "done", "failed");
        }

        Assert.Equal("done", (await farm.Job(ids[0])).GetProperty("state").GetString());
        Assert.Equal("done", (await farm.Job(ids[2])).GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_job_of_a_host_that_is_killed_is_done_by_another_one()
    {
        await using Farm farm = await Farm.Start("a");
        long id = await farm.Submit(Farm.EndlessBench, Any);
        await farm.UntilOn(id, "a");
        farm.Agent("b").Begin();
        await farm.UntilThere("b");
        farm.Agent("a").Kill();
        await farm.UntilOn(id, "b");
        await farm.Post($"/api/v1/jobs/{id}/cancel");
        JsonElement job = await farm.UntilJob(id, "cancelled");
        Assert.Contains("cancelled", Farm.Outcomes(job));
    }

    [Fact]
    public async Task A_hosts_own_job_is_done_by_that_host_when_it_is_there_again()
    {
        await using Farm farm = await Farm.Start("a", "b");
        long id = await farm.Submit(Farm.EndlessBench, "host:a");
        await farm.UntilOn(id, "a");
        farm.Agent("a").Kill();
        farm.Agent("a").Begin();
        await farm.Until(async () => Farm.Attempts(await farm.Job(id)) is [_, JsonElement second] && !second.TryGetProperty("endedAt", out _), "there is no second attempt");
        JsonElement job = await farm.Job(id);
        Assert.All(Farm.Attempts(job), attempt => Assert.Equal("a", Farm.HostOf(attempt)));
        Assert.Equal(["lost", null], Farm.Outcomes(job));
    }

    [Fact]
    public async Task A_frozen_host_that_thaws_does_not_count_and_what_it_has_is_kept()
    {
        await using Farm farm = await Farm.Start("a");
        long id = await farm.Submit(Farm.LongBench, Any);
        await farm.UntilOn(id, "a");
        farm.Agent("a").Signal("STOP");
        farm.Agent("b").Begin();
        JsonElement job = await farm.UntilJob(id, "done", "failed");
        Assert.Equal("b", Farm.HostOf(Farm.Attempts(job)[^1]));
        farm.Agent("a").Signal("CONT");
        await farm.Until(async () => Farm.Attempts(await farm.Job(id)).All(attempt => attempt.TryGetProperty("endedAt", out _)), "the frozen one has told no end");
        JsonElement after = await farm.Job(id);
        Assert.Equal(job.GetProperty("state").GetString(), after.GetProperty("state").GetString());
        if (job.GetProperty("state").GetString() == "done")
        {
            JsonElement accepted = Farm.Attempts(after).Single(attempt => attempt.GetProperty("outcome").GetString() == "succeeded");
            Assert.Equal(after.GetProperty("acceptedAttempt").GetInt32(), accepted.GetProperty("number").GetInt32());
            Assert.Equal("b", Farm.HostOf(accepted));
        }
    }

    [Fact]
    public async Task A_finished_measurement_outlives_a_server_and_a_controller_that_are_away()
    {
        await using Farm farm = await Farm.Start("a");
        long id = await farm.Submit(Farm.LongBench, Any);
        await farm.UntilOn(id, "a");
        farm.Broker.Kill();
        farm.Controller.Kill();
        await farm.Until(() => Task.FromResult(farm.Agent("a").Log.Contains("job 1: attempt 1 ", StringComparison.Ordinal) && farm.Agent("a").Log.Contains("and the job is", StringComparison.Ordinal)), "it is not done");
        farm.Agent("a").Kill();
        await farm.Broker.Start();
        farm.Agent("a").Begin();
        await farm.Controller.Start();
        JsonElement job = await farm.UntilJob(id, "done", "failed", "queued");
        Assert.NotEqual("lost", Farm.Outcomes(job)[0]);
    }

    [Fact]
    public async Task A_job_that_fails_every_time_is_tried_three_times_and_no_more()
    {
        await using Farm farm = await Farm.Start("a", "b");
        long id = await farm.Submit($$"""{"deadlineSeconds":1,{{Farm.EndlessBench[1..]}}""", Any);
        JsonElement job = await farm.UntilJob(id, "failed");
        Assert.Equal(["timed-out", "timed-out", "timed-out"], Farm.Outcomes(job));
        Assert.Equal("it was still running after its 1 s", job.GetProperty("reason").GetString());

        // And it stands in nobody's way.
        await farm.UntilJob(await farm.Submit(Farm.Doctor, Any), "done");
    }

    [Fact]
    public async Task A_job_that_takes_its_host_with_it_is_tried_three_times_and_no_more()
    {
        await using Farm farm = await Farm.Start("a");
        long id = await farm.Submit(Farm.EndlessBench, Any);
        for (int i = 1; i <= 3; i++)
        {
            await farm.Until(async () => Farm.Attempts(await farm.Job(id)) is { } attempts && attempts.Length == i && !attempts[^1].TryGetProperty("endedAt", out _), $"there is no attempt {i}");
            farm.Agent("a").Kill();
            farm.Agent("a").Begin();
        }

        JsonElement job = await farm.UntilJob(id, "failed");
        Assert.Equal(["lost", "lost", "lost"], Farm.Outcomes(job));
        await farm.UntilJob(await farm.Submit(Farm.Doctor, Any), "done");
    }

    [Fact]
    public async Task A_job_whose_hosts_are_killed_and_never_come_back_is_dead()
    {
        await using Farm farm = await Farm.Start("a", "b", "c");
        long id = await farm.Submit(Farm.EndlessBench, Any);
        await KillHostsOf(farm, id, 3);

        // The server says so when somebody looks for work again.
        farm.Agent("d").Begin();
        AssertDead(await farm.UntilJob(id, "failed"));
    }

    [Fact]
    public async Task So_is_one_of_which_the_server_does_not_say_so_and_nobody_gets_it_again()
    {
        await using Farm farm = await Farm.Start("a", "b", "c");
        await using NatsConnection nats = new(new NatsOpts { Url = farm.Broker.Url });
        NatsJSContext streams = new(nats);
        long id = await farm.Submit(Farm.EndlessBench, Any);
        await KillHostsOf(farm, id, 2);
        await farm.Until(async () => Farm.Attempts(await farm.Job(id)).Length == 3, "there is no third attempt");
        string host = Farm.HostOf(Farm.Attempts(await farm.Job(id))[^1])!;
        farm.Controller.Kill();
        farm.Agent(host).Kill();
        farm.Agent("d").Begin();
        await farm.Until(
            async () => (await streams.PurgeStreamAsync(FarmSubjects.Dead, new StreamPurgeRequest(), TestContext.Current.CancellationToken)).Purged > 0, "the server does not say that it has delivered it as often as it may");
        await farm.Controller.Start();
        AssertDead(await farm.UntilJob(id, "failed"));
    }

    [Fact]
    public async Task A_job_that_was_given_back_as_often_as_it_may_fail_is_done_all_the_same()
    {
        await using Farm farm = await Farm.Start("a");
        long id = await farm.Submit(Farm.EndlessBench, Any);
        for (int i = 1; i <= 4; i++)
        {
            await farm.Until(async () => Farm.Outcomes(await farm.Job(id)) is var outcomes && outcomes.Length == i && outcomes[^1] is null, $"attempt {i} has not begun");
            if (i < 4)
            {
                Assert.Equal(0, farm.Agent("a").Terminate());
                farm.Agent("a").Begin();
            }
        }

        Assert.Equal(["interrupted", "interrupted", "interrupted", null], Farm.Outcomes(await farm.Job(id)));
    }

    [Fact]
    public async Task A_host_does_one_job_at_a_time_and_leaves_the_others_in_the_stream()
    {
        await using Farm farm = await Farm.Start("a");
        long first = await farm.Submit(Farm.EndlessBench, Any);
        await farm.UntilOn(first, "a");
        long[] others = [await farm.Submit(Farm.Doctor, Any), await farm.Submit(Farm.Doctor, "host:a")];
        farm.Agent("b").Begin();
        await farm.UntilJob(others[0], "done");
        Assert.Equal("queued", (await farm.Job(others[1])).GetProperty("state").GetString());
        await farm.Post($"/api/v1/jobs/{first}/cancel");
        await farm.UntilJob(others[1], "done");
        Assert.Equal("cancelled", (await farm.Job(first)).GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_job_that_waits_is_cancelled_at_once_and_nobody_gets_it()
    {
        await using Farm farm = await Farm.Start();
        long id = await farm.Submit(Farm.Doctor, "host:a");
        long next = await farm.Submit(Farm.Doctor, "host:a");
        await farm.Post($"/api/v1/jobs/{id}/cancel");
        farm.Agent("a").Begin();
        await farm.UntilJob(next, "done");
        JsonElement job = await farm.Job(id);
        Assert.Equal("cancelled", job.GetProperty("state").GetString());
        Assert.Empty(Farm.Attempts(job));
    }

    [Fact]
    public async Task A_cordoned_host_begins_nothing_until_it_may_again()
    {
        await using Farm farm = await Farm.Start("a", "b");
        await farm.Post("/api/v1/hosts/a/cordon");
        await farm.Until(async () => (await farm.Host("a")).GetProperty("readiness").GetString() == "cordoned", "the host does not know");
        long own = await farm.Submit(Farm.Doctor, "host:a");
        for (int i = 0; i < 5; i++)
        {
            JsonElement job = await farm.UntilJob(await farm.Submit(Farm.Doctor, Any), "done");
            Assert.Equal("b", Farm.HostOf(Farm.Attempts(job)[0]));
        }

        // It outlives the host's restart, and the controller's.
        farm.Agent("a").Kill();
        farm.Controller.Kill();
        farm.Agent("a").Begin();
        await farm.Controller.Start();
        await farm.Until(async () => (await farm.Host("a")) is var host && host.GetProperty("there").GetBoolean() && host.GetProperty("readiness").GetString() == "cordoned", "the host does not know any more");
        Assert.Equal("queued", (await farm.Job(own)).GetProperty("state").GetString());
        await farm.Post("/api/v1/hosts/a/uncordon");
        await farm.UntilJob(own, "done");
    }

    [Fact]
    public async Task A_host_that_stops_in_order_gives_its_job_to_another_one_and_it_counts_for_nothing()
    {
        await using Farm farm = await Farm.Start("a");
        long id = await farm.Submit(Farm.EndlessBench, Any);
        await farm.UntilOn(id, "a");
        farm.Agent("b").Begin();
        await farm.UntilThere("b");
        Assert.Equal(0, farm.Agent("a").Terminate());
        await farm.UntilOn(id, "b");
        Assert.Equal(["interrupted", null], Farm.Outcomes(await farm.Job(id)));

        // What it gave back, it does not do when it is there again.
        farm.Agent("a").Begin();
        await farm.UntilJob(await farm.Submit(Farm.Doctor, "host:a"), "done");
    }

    [Fact]
    public async Task A_controller_that_stands_by_takes_over()
    {
        await using Farm farm = await Farm.Start("a");
        using FarmProcess second = farm.NewController("--standby");
        second.Begin();
        await farm.Until(() => Task.FromResult(second.Log.Contains("standing by", StringComparison.Ordinal)), "it does not stand by");
        long id = await farm.Submit(Farm.LongBench, Any);
        farm.Controller.Kill();
        farm.Replace(second);
        await farm.UntilJob(id, "done", "failed");
        Assert.Contains("a", (await farm.Host("a")).GetProperty("name").GetString(), StringComparison.Ordinal);
    }

    /// <summary>Kills each host that begins a job, so many of them.</summary>
    private static async Task KillHostsOf(Farm farm, long id, int hosts)
    {
        for (int i = 1; i <= hosts; i++)
        {
            string host = "";
            await farm.Until(
                async () =>
                {
                    JsonElement[] attempts = Farm.Attempts(await farm.Job(id));
                    host = attempts.Length == i ? Farm.HostOf(attempts[^1])! : "";
                    return host.Length > 0;
                },
                $"there is no attempt {i}");
            farm.Agent(host).Kill();
        }
    }

    private static void AssertDead(JsonElement job)
    {
        Assert.Contains("was given to a host 3 times", job.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal(["lost", "lost", "lost"], Farm.Outcomes(job));
    }
}
