// SPDX-License-Identifier: MIT

using System.Text.Json;
using Kvmsys.Monitor;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>A farm whose ledger is in PostgreSQL, with controllers that share nothing but that.</summary>
public sealed class FarmPostgresTests : IDisposable
{
    private const string StandsBy = "standing by";

    private readonly Postgres _server = new Postgres().Start();

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task A_controller_on_another_host_takes_over_when_the_first_is_killed_and_every_job_has_one_result()
    {
        await using Farm farm = await Farm.StartWithLedger(_server.PasswordUrl, "a", "b");
        using FarmProcess second = farm.NewControllerIn("another host");
        second.Begin();
        await farm.Until(() => Task.FromResult(second.Log.Contains(StandsBy, StringComparison.Ordinal)), "it does not stand by");
        Assert.Contains("another controller uses the database postgres at 127.0.0.1", second.Log, StringComparison.Ordinal);
        List<long> ids = [];
        for (int i = 0; i < 10; i++)
        {
            ids.Add(await farm.Submit(Farm.Doctor, i % 2 == 0 ? "any" : "host:b", $"job-{i}"));
        }

        long bench = await farm.Submit(Farm.ShortBench, "host:a", "job-10");
        farm.Controller.Kill();
        farm.Replace(second);
        foreach (long id in ids)
        {
            JsonElement job = await farm.UntilJob(id, "done", "failed");
            Assert.True(job.GetProperty("state").GetString() == "done", job.ToString());
            Assert.Single(Farm.Outcomes(job), "succeeded");
        }

        // On a host that is busy it may be unstable, each time.
        string? state = (await farm.UntilJob(bench, "done", "failed")).GetProperty("state").GetString();
        Assert.Equal(state == "done", (await farm.Get("/api/v1/results")).GetProperty("results").GetArrayLength() > 0);

        // It knows what was submitted at the other one.
        Assert.Equal(ids[3], await farm.Submit(Farm.Doctor, "host:b", "job-3"));
        Assert.Equal(ids.Count + 1, (await farm.Get("/api/v1/jobs")).GetProperty("jobs").GetArrayLength());
    }

    [Fact]
    public async Task A_controller_whose_database_is_gone_ends_and_says_so_and_the_next_one_waits_for_it_and_goes_on()
    {
        await using Farm farm = await Farm.StartWithLedger(_server.Url, "a");
        long id = await farm.Submit(Farm.LongBench, "host:a");
        await farm.UntilOn(id, "a");
        _server.Kill();
        Assert.Equal(ExitCode.NoResources, farm.Controller.WaitForEnd());
        Assert.Contains("kvmsys: the database postgres at", farm.Controller.Log, StringComparison.Ordinal);
        Assert.Contains("Cure: see to that server", farm.Controller.Log, StringComparison.Ordinal);

        // The host measures on, and tells it when somebody hears it.
        farm.Replace(farm.NewController());
        farm.Controller.Begin();
        await farm.Until(() => Task.FromResult(farm.Controller.Log.Contains(StandsBy, StringComparison.Ordinal)), "it does not stand by");
        _server.Start();
        await farm.Until(async () => Farm.Outcomes(await farm.Job(id))[0] is not null, "its end is not told");
        Assert.Contains(Farm.Outcomes(await farm.Job(id))[0], (string[])["succeeded", "unstable"]);
    }
}
