// SPDX-License-Identifier: MIT

using System.Text.Json;
using Kvmsys.Tests.NoDevice.Daemon;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>A thousand jobs on five hosts, while everybody is killed again and again and connections are cut and stalled: a thousand results.</summary>
public sealed class FarmSoakTests
{
    // A job that was on a host whenever that was killed is poison after as many; what becomes of that is no question here.
    private const string Doctor = """{"kind":"doctor","maxAttempts":10}""";

    private static readonly string[] Hosts = ["a", "b", "c", "d", "e"];
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public Task A_thousand_jobs_have_a_thousand_results_whatever_happens() => Soak(1000, misfortunes: 60, null);

    [Fact]
    public async Task So_have_those_of_a_ledger_in_PostgreSQL_whose_server_is_killed_too()
    {
        using Postgres ledger = new Postgres().Start();
        await Soak(300, misfortunes: 20, ledger);
    }

    private static async Task Soak(int jobs, int misfortunes, Postgres? ledger)
    {
        TcpProxy? proxy = null;
        await using Farm farm = await Farm.Start(
            broker =>
            {
                proxy = new(broker.Port);
                return $"nats://127.0.0.1:{proxy.Port}";
            },
            ackWaitSeconds: 2,
            ledger?.Url,
            Hosts);
        await using TcpProxy connections = proxy!;
        string kind = (await farm.Host("a")).GetProperty("cpuKey").GetString()!;
        Random random = new(1);
        Dictionary<string, long> accepted = [];
        Task disturbance = Task.Run(() => Disturb(farm, connections, ledger, misfortunes, new Random(2)), Cancellation);
        for (int i = 0; i < jobs; i++)
        {
            string target = random.Next(4) switch { 0 => $"host:{Hosts[random.Next(Hosts.Length)]}", 1 => $"cpu:{kind}", _ => "any" };
            accepted[$"job-{i}"] = await Submit(farm, target, $"job-{i}");
        }

        await disturbance;

        // However slow that is where others build: as long as there is one more, it goes on.
        for (int ended = 0; ended < jobs;)
        {
            int before = ended;
            await farm.Until(async () => (ended = await Ended(farm)) > before, $"{before} of {jobs} jobs have come to an end, and no other one does");
        }

        Assert.Equal(jobs, accepted.Values.Distinct().Count());
        foreach (long id in accepted.Values)
        {
            JsonElement job = await farm.Job(id);
            Assert.True(job.GetProperty("state").GetString() == "done", job.ToString());
            JsonElement succeeded = Assert.Single(Farm.Attempts(job), attempt => attempt.TryGetProperty("outcome", out JsonElement outcome) && outcome.GetString() == "succeeded");
            Assert.Equal(job.GetProperty("acceptedAttempt").GetInt32(), succeeded.GetProperty("number").GetInt32());
        }
    }

    /// <summary>Kills and cuts, at random; at the end everybody is there.</summary>
    private static async Task Disturb(Farm farm, TcpProxy connections, Postgres? ledger, int misfortunes, Random random)
    {
        for (int i = 0; i < misfortunes; i++)
        {
            await Task.Delay(random.Next(100, 900), Cancellation);
            switch (random.Next(8))
            {
                case 0:
                    farm.Broker.Kill();
                    await Task.Delay(random.Next(1500), Cancellation);
                    await farm.Broker.Start();
                    break;
                case 1:
                    farm.Controller.Kill();
                    await Task.Delay(random.Next(500), Cancellation);
                    await farm.Controller.Start();
                    break;
                case 2 when ledger is not null:
                    ledger.Kill();
                    farm.Controller.WaitForEnd();
                    ledger.Start();
                    await farm.Controller.Start();
                    break;
                case 2:
                    connections.Cut();
                    break;
                case 3:
                    connections.Stall();
                    await Task.Delay(random.Next(3000), Cancellation);
                    connections.Flow();
                    break;
                default:
                    FarmProcess agent = farm.Agent(Hosts[random.Next(Hosts.Length)]);
                    agent.Kill();
                    await Task.Delay(random.Next(500), Cancellation);
                    agent.Begin();
                    break;
            }
        }
    }

    /// <summary>Submits a job until somebody has said that it is accepted.</summary>
    private static async Task<long> Submit(Farm farm, string target, string key)
    {
        while (true)
        {
            try
            {
                using HttpResponseMessage answer = await RunningDaemon.Submit(farm.Controller.Client, $$"""{"target":"{{target}}",{{Doctor[1..]}}""", key);
                if (answer.IsSuccessStatusCode)
                {
                    return (await RunningDaemon.Read(answer)).GetProperty("id").GetInt64();
                }

                // Its ledger is away.
                Assert.True((int)answer.StatusCode >= 500, answer.ToString());
            }
            catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException or ObjectDisposedException)
            {
                // It is away itself.
            }

            await Task.Delay(20, Cancellation);
        }
    }

    private static async Task<int> Ended(Farm farm)
    {
        JsonElement counts = (await farm.Get("/api/v1/host")).GetProperty("jobs");
        return counts.GetProperty("done").GetInt32() + counts.GetProperty("failed").GetInt32() + counts.GetProperty("cancelled").GetInt32();
    }
}
