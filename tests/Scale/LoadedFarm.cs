// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Farm.Broker;

namespace Kvmsys.Scale;

/// <summary>A farm that is measured: its folder as kvmsys farm makes it, a real NATS server over it, and the controller that ships.</summary>
internal sealed class LoadedFarm : IDisposable
{
    private const int Kinds = 20;

    // Of a folder of a farm; the product writes server.conf of it.
    private const string DocumentName = "farm.json";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly string _server;
    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-scale-").FullName;
    private readonly FarmFolder _farm;
    private readonly FarmDocument _document;
    private readonly List<(BrokerLogin Login, string CpuKey)> _hosts = [];
    private ChildProcess? _broker;
    private ChildProcess? _controller;
    private HttpClient? _client;

    /// <summary>Makes the folder, with a key for each host.</summary>
    /// <param name="server">nats-server.</param>
    /// <param name="hosts">How many hosts there are.</param>
    public LoadedFarm(string server, int hosts)
    {
        _server = server;
        _farm = new(Path.Combine(_folder, "farm"));
        BrokerAddress listen = new(new IPEndPoint(IPAddress.Loopback, FreePort.Next()));
        FarmDocument farm = _farm.Create(new() { Listen = listen, ServerVersion = BrokerVersion.Parse("2.9") }, TimeProvider.System);
        string url = listen.UrlOf(null, tls: false);
        List<FarmMember> members = [.. farm.Members];
        for (int i = 0; i < hosts; i++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"host-{i:d5}");
            string cpuKey = string.Create(CultureInfo.InvariantCulture, $"GenuineIntel-6-{100 + (i % Kinds)}-8-kvm_intel");
            FarmKey key = FarmKey.Create();
            members.Add(new() { Name = name, Role = FarmRole.Host, PublicKey = key.PublicKey, CpuKey = cpuKey, Account = members.Count, AddedAt = DateTimeOffset.UnixEpoch });
            _hosts.Add((new(url, name, key), cpuKey));
        }

        // Others are let in while it runs.
        _document = farm with { Members = members, Hosts = members.Count + 10 };
    }

    /// <summary>How the hosts come to the server.</summary>
    public IReadOnlyList<(BrokerLogin Login, string CpuKey)> Hosts => _hosts;

    /// <summary>The server's process.</summary>
    public int Broker => _broker!.Id;

    /// <summary>The controller's process.</summary>
    public int Controller => _controller!.Id;

    /// <summary>What server and controller have written last.</summary>
    public string Logs => $"nats-server:\n{_broker?.Log}\ncontroller:\n{_controller?.Log}";

    /// <summary>Bytes of farm.json.</summary>
    public long DocumentBytes => new FileInfo(Path.Combine(_farm.Location, DocumentName)).Length;

    /// <summary>Bytes of server.conf.</summary>
    public long ConfigurationBytes => new FileInfo(_farm.ConfigurationPath).Length;

    private string StateFolder => Path.Combine(_folder, "state");

    private string SocketPath => Path.Combine(_folder, "socket");

    /// <summary>Writes server.conf with all hosts.</summary>
    /// <returns>How long kvmsys took for it.</returns>
    public TimeSpan Configure()
    {
        // To let thousands in by one command each is no way, and what it would make is this.
        File.WriteAllText(Path.Combine(_farm.Location, DocumentName), JsonSerializer.Serialize(_document, FarmFolderJson.Default.FarmDocument));
        return ChildProcess.Run(Checkout.Binary, "farm", "configure", "--folder", _farm.Location, "--server-version", "2.9");
    }

    /// <summary>Lets one more host in.</summary>
    /// <returns>How long kvmsys took for it.</returns>
    public TimeSpan AddHost(string name) => ChildProcess.Run(
        Checkout.Binary, "farm", "key", "add", name, "--public", FarmKey.Create().PublicKey, "--cpu", "GenuineIntel-6-100-8-kvm_intel", "--folder", _farm.Location);

    /// <summary>Has the server read its configuration anew.</summary>
    /// <returns>How long it took for it.</returns>
    public async Task<TimeSpan> Reload(CancellationToken cancellation)
    {
        int before = _broker!.Reloads;
        long begin = Stopwatch.GetTimestamp();
        _broker.Signal("HUP");
        await Until(() => Task.FromResult(_broker.Reloads > before), "the server does not read its configuration anew", cancellation).ConfigureAwait(false);
        return Stopwatch.GetElapsedTime(begin);
    }

    /// <summary>Starts the server.</summary>
    /// <returns>How long it took until it let somebody in.</returns>
    public async Task<TimeSpan> StartBroker(CancellationToken cancellation)
    {
        long begin = Stopwatch.GetTimestamp();
        _broker?.Dispose();
        _broker = new(_server, ["-c", _farm.ConfigurationPath]);
        IPEndPoint place = BrokerAddress.Parse(_document.Listen)!.Place;
        await Until(
            async () =>
            {
                Check(_broker, "nats-server");
                using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    // It speaks first.
                    await socket.ConnectAsync(place, cancellation).ConfigureAwait(false);
                    return await socket.ReceiveAsync(new byte[1], cancellation).ConfigureAwait(false) == 1;
                }
                catch (SocketException)
                {
                    return false;
                }
            },
            "the server does not listen",
            cancellation).ConfigureAwait(false);
        return Stopwatch.GetElapsedTime(begin);
    }

    /// <summary>Kills the server, as a power failure does.</summary>
    public void KillBroker() => _broker!.Kill();

    /// <summary>Starts the controller.</summary>
    /// <returns>How long it took until it took jobs.</returns>
    public async Task<TimeSpan> StartController(CancellationToken cancellation)
    {
        long begin = Stopwatch.GetTimestamp();
        _controller?.Dispose();
        _client?.Dispose();
        _client = new(new SocketsHttpHandler
        {
            ConnectCallback = async (_, stop) =>
            {
                Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), stop).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = new Uri("http://localhost"), Timeout = Patience };
        _controller = new(
            Checkout.Binary,
            ["farm", "controller", "--broker", _hosts[0].Login.Url, "--key", _farm.ControllerKeyPath, "--state", StateFolder, "--listen", $"unix:{SocketPath}"],
            new Dictionary<string, string> { ["KVMSYS_DAEMON_LONGEST_QUEUE"] = "1000000", ["KVMSYS_DAEMON_REQUESTS_PER_SECOND"] = "100000" });
        await Until(
            async () =>
            {
                Check(_controller, "the controller");
                try
                {
                    using HttpResponseMessage answer = await _client.GetAsync("/readyz", cancellation).ConfigureAwait(false);
                    return answer.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "the controller is not ready",
            cancellation).ConfigureAwait(false);
        return Stopwatch.GetElapsedTime(begin);
    }

    /// <summary>Kills the controller.</summary>
    public void KillController() => _controller!.Kill();

    /// <summary>Asks the controller for something.</summary>
    /// <returns>The answer, and how long it took until all of it was there.</returns>
    public async Task<(byte[] Body, TimeSpan Time)> Get(string path, CancellationToken cancellation)
    {
        long begin = Stopwatch.GetTimestamp();
        byte[] body = await _client!.GetByteArrayAsync(path, cancellation).ConfigureAwait(false);
        return (body, Stopwatch.GetElapsedTime(begin));
    }

    /// <summary>Asks the controller for something in JSON.</summary>
    public async Task<T> Get<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellation) =>
        JsonSerializer.Deserialize((await Get(path, cancellation).ConfigureAwait(false)).Body, type)!;

    /// <summary>Sends the controller something.</summary>
    /// <returns>The answer, and how long it took until all of it was there.</returns>
    public async Task<(T Answer, TimeSpan Time)> Post<T>(string path, string json, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        long begin = Stopwatch.GetTimestamp();
        using StringContent content = new(json, Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await _client!.PostAsync(path, content, cancellation).ConfigureAwait(false);
        byte[] body = await answer.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
        return answer.IsSuccessStatusCode
            ? (JsonSerializer.Deserialize(body, type)!, Stopwatch.GetElapsedTime(begin))
            : throw new ScaleException($"POST {path}: {(int)answer.StatusCode} {Encoding.UTF8.GetString(body)}");
    }

    /// <summary>The jobs of the ledger by their states.</summary>
    public async Task<IReadOnlyDictionary<string, long>> Jobs(CancellationToken cancellation) =>
        (await Get("/api/v1/host", DaemonJson.Default.HostStateDocument, cancellation).ConfigureAwait(false)).Jobs;

    /// <summary>Waits until something is so.</summary>
    public static async Task Until(Func<Task<bool>> isSo, string complaint, CancellationToken cancellation, TimeSpan? pause = null)
    {
        for (long begin = Stopwatch.GetTimestamp(); !await isSo().ConfigureAwait(false); await Task.Delay(pause ?? Pause, cancellation).ConfigureAwait(false))
        {
            if (Stopwatch.GetElapsedTime(begin) > Patience)
            {
                throw new ScaleException($"{complaint}, {Patience.TotalMinutes} minutes long");
            }
        }
    }

    public void Dispose()
    {
        _controller?.Dispose();
        _broker?.Dispose();
        _client?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static void Check(ChildProcess process, string name)
    {
        if (process.HasExited)
        {
            throw new ScaleException($"{name} has ended: {process.Log}");
        }
    }
}
