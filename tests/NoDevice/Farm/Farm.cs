// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Kvmsys.Tests.NoDevice.Daemon;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>A whole farm on this host: a NATS server, a controller, and agents that each think that they have a host of their own.</summary>
internal sealed class Farm : IAsyncDisposable
{
    public const string Doctor = """{"kind":"doctor"}""";

    // Of a session of one run: a fifth of a second, most of it the process.
    public const string ShortBench = """{"kind":"bench","bench":{"mechanisms":["empty"],"profiles":["host64"],"sessions":1,"runs":1}}""";

    // Of seconds.
    public const string LongBench = """{"kind":"bench","bench":{"mechanisms":["syscall"],"profiles":["host64"],"sessions":8,"runs":4}}""";

    // It would take minutes.
    public const string EndlessBench = """{"kind":"bench","bench":{"profiles":["host64"],"protocol":"full"}}""";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-farm-").FullName;
    private readonly Dictionary<string, FarmProcess> _agents = [];
    private readonly string? _ledger;

    private Farm(Broker broker, string? url, int ackWaitSeconds, string? ledger)
    {
        Broker = broker;
        Url = url ?? broker.Url;
        AckWaitSeconds = ackWaitSeconds;
        _ledger = ledger;
        Controller = NewController();
    }

    public Broker Broker { get; }

    /// <summary>The server as agents and controller are told it.</summary>
    public string Url { get; }

    public FarmProcess Controller { get; private set; }

    private int AckWaitSeconds { get; }

    /// <summary>Starts a server and a controller, and agents of these names.</summary>
    public static Task<Farm> Start(params string[] agents) => Start(null, 2, agents);

    /// <summary>The same, with what the members are told as the server, and how long a host may be silent.</summary>
    public static Task<Farm> Start(Func<Broker, string>? url, int ackWaitSeconds, params string[] agents) => Start(url, ackWaitSeconds, null, agents);

    /// <summary>The same, with a ledger in a PostgreSQL database.</summary>
    public static Task<Farm> StartWithLedger(string ledger, params string[] agents) => Start(null, 2, ledger, agents);

    /// <summary>The same, with all of that.</summary>
    public static async Task<Farm> Start(Func<Broker, string>? url, int ackWaitSeconds, string? ledger, string[] agents)
    {
        Broker broker = new();
        await broker.Start();
        Farm farm = new(broker, url?.Invoke(broker), ackWaitSeconds, ledger);
        await farm.Controller.Start();
        foreach (string name in agents)
        {
            farm.Agent(name).Begin();
        }

        await farm.UntilThere(agents);
        return farm;
    }

    /// <summary>A controller of this farm's state, for one that stands by.</summary>
    public FarmProcess NewController(params string[] options) => NewControllerIn("controller", options);

    /// <summary>A controller with a state folder of its own, as on another host.</summary>
    public FarmProcess NewControllerIn(string folder, params string[] options) => new(
        Path.Combine(_folder, folder),
        ["controller", "--broker", Url, .. _ledger is null ? (string[])[] : ["--ledger", _ledger, "--standby"], .. options],
        ("KVMSYS_DAEMON_FARM_ACK_WAIT_SECONDS", AckWaitSeconds.ToString(CultureInfo.InvariantCulture)),
        ("KVMSYS_DAEMON_FARM_RECONCILE_SECONDS", "3"),
        ("KVMSYS_DAEMON_LONGEST_QUEUE", "100000"),
        ("KVMSYS_DAEMON_REQUESTS_PER_SECOND", "100000"));

    /// <summary>Lets another one be the controller.</summary>
    public void Replace(FarmProcess controller)
    {
        Controller.Dispose();
        Controller = controller;
    }

    /// <summary>An agent, which is not started here; each has a lock of its own, for it is a host of its own.</summary>
    public FarmProcess Agent(string name)
    {
        if (!_agents.TryGetValue(name, out FarmProcess? agent))
        {
            string folder = Path.Combine(_folder, name);
            Directory.CreateDirectory(folder);
            _agents[name] = agent = NewAgent(name, folder);
        }

        return agent;
    }

    /// <summary>An agent of that name in a folder.</summary>
    public FarmProcess NewAgent(string name, string folder)
    {
        Directory.CreateDirectory(folder);
        return new(
            folder,
            ["agent", "--broker", Url, "--host", name],
            ("KVMSYS_DAEMON_FARM_QUIET_PERCENT", "100"),
            ("KVMSYS_DAEMON_STOP_SECONDS", "1"),
            ("KVMSYS_LOCK", folder));
    }

    /// <summary>Waits until the controller has heard of hosts.</summary>
    public async Task UntilThere(params string[] names) => await Until(
        async () =>
        {
            JsonElement hosts = (await Get("/api/v1/hosts")).GetProperty("hosts");
            return names.All(name => hosts.EnumerateArray().Any(host => host.GetProperty("name").GetString() == name && host.GetProperty("there").GetBoolean()));
        },
        "the controller does not hear of all hosts");

    /// <summary>One host as the controller shows it.</summary>
    public async Task<JsonElement> Host(string name) =>
        (await Get("/api/v1/hosts")).GetProperty("hosts").EnumerateArray().Single(host => host.GetProperty("name").GetString() == name);

    /// <summary>Submits a job.</summary>
    /// <returns>Its number.</returns>
    public async Task<long> Submit(string job, string? target = null, string? key = null)
    {
        string json = target is null ? job : $$"""{"target":"{{target}}",{{job[1..]}}""";
        using HttpResponseMessage answer = await RunningDaemon.Submit(Controller.Client, json, key);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return (await RunningDaemon.Read(answer)).GetProperty("id").GetInt64();
    }

    public async Task<JsonElement> Get(string path)
    {
        using HttpResponseMessage answer = await Controller.Client.GetAsync(path, TestContext.Current.CancellationToken);
        return await RunningDaemon.Read(answer);
    }

    public async Task<JsonElement> Post(string path, string? json = null)
    {
        using HttpResponseMessage answer = await Controller.Client.PostAsync(
            path, json is null ? null : new StringContent(json, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
        return await RunningDaemon.Read(answer);
    }

    public Task<JsonElement> Job(long id) => Get($"/api/v1/jobs/{id}");

    /// <summary>Waits until a job is in a state.</summary>
    /// <returns>The job.</returns>
    public async Task<JsonElement> UntilJob(long id, params string[] states)
    {
        JsonElement job = default;
        await Until(
            async () =>
            {
                job = await Job(id);
                return states.Contains(job.GetProperty("state").GetString());
            },
            $"job {id} is not {string.Join(" or ", states)}",
            () => job.ToString());
        return job;
    }

    /// <summary>Waits until a host makes a job.</summary>
    public async Task UntilOn(long id, string host) => await Until(
        async () => Attempts(await Job(id)).Any(attempt => HostOf(attempt) == host && !attempt.TryGetProperty("endedAt", out _)), $"job {id} is not on {host}");

    public static JsonElement[] Attempts(JsonElement job) => [.. job.GetProperty("attempts").EnumerateArray()];

    public static string? HostOf(JsonElement attempt) => attempt.GetProperty("host").GetString();

    public static string?[] Outcomes(JsonElement job) => [.. Attempts(job).Select(attempt => attempt.TryGetProperty("outcome", out JsonElement outcome) ? outcome.GetString() : null)];

    /// <summary>Waits until something is so.</summary>
    public async Task Until(Func<Task<bool>> isSo, string complaint, Func<string>? more = null) =>
        await Until(isSo, complaint, () => $"{more?.Invoke()}\ncontroller:\n{Controller.Log}\n{string.Join('\n', _agents.Select(agent => $"{agent.Key}:\n{agent.Value.Log}"))}\nserver:\n{Broker.Log}", Patience);

    /// <summary>Waits until something is so, for as long as one can have patience.</summary>
    public static async Task Until(Func<Task<bool>> isSo, string complaint, Func<string> more, TimeSpan patience)
    {
        for (Stopwatch time = Stopwatch.StartNew(); !await IsSo(); await Task.Delay(50, TestContext.Current.CancellationToken))
        {
            Assert.True(time.Elapsed < patience, $"{complaint}\n{(time.Elapsed < patience ? "" : more())}");
        }

        async Task<bool> IsSo()
        {
            try
            {
                return await isSo();
            }
            catch (HttpRequestException)
            {
                // Nobody listens there now.
                return false;
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        foreach (FarmProcess agent in _agents.Values)
        {
            agent.Dispose();
        }

        Controller.Dispose();
        Broker.Dispose();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
