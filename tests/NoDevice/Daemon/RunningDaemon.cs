// SPDX-License-Identifier: MIT

using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Kvmsys.Monitor.Commands;
using Kvmsys.Monitor.Daemon;
using Kvmsys.Monitor.Daemon.Access;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Metrics;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Reports;
using Microsoft.Extensions.DependencyInjection;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>A daemon in this process: real sockets, a real database, and the binary that ships for its jobs.</summary>
internal sealed class RunningDaemon : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-daemon-").FullName;
    private readonly DaemonHost _host;

    private RunningDaemon(Func<DaemonSettings, DaemonSettings> with, TimeProvider time, DaemonRole role)
    {
        Port = FreePort.Next();
        Settings = with(new DaemonSettings
        {
            StateFolder = Path.Combine(_folder, "state"),
            Listen = [DaemonEndpoint.OfSocket(SocketPath), DaemonEndpoint.Parse($"http://127.0.0.1:{Port}")!],
            Executable = Checkout.Binary,
            RequestsPerSecond = 100_000,
            StopSeconds = 1,
        });
        _host = DaemonHost.Create(Settings, HostEnvironment.Read(), ReadBench, time, role);
        BySocket = OverSocket(SocketPath);
        ByPort = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{Port}") };
    }

    public DaemonSettings Settings { get; }

    public string SocketPath => Path.Combine(_folder, "daemon.sock");

    public int Port { get; }

    /// <summary>A client that may do everything.</summary>
    public HttpClient BySocket { get; }

    /// <summary>A client that is some process of this host.</summary>
    public HttpClient ByPort { get; }

    public JobStore Store => _host.Services.GetRequiredService<JobStore>();

    public TokenFolder Tokens => new(Settings.StateFolder, TimeProvider.System);

    public DaemonMetrics Metrics => _host.Services.GetRequiredService<DaemonMetrics>();

    public ApiRoutes Routes => _host.Services.GetRequiredService<ApiRoutes>();

    /// <summary>A part of it.</summary>
    public T Part<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();

    public static async Task<RunningDaemon> Start(Func<DaemonSettings, DaemonSettings>? with = null, TimeProvider? time = null, DaemonRole role = DaemonRole.Host)
    {
        RunningDaemon daemon = new(with ?? (settings => settings), time ?? TimeProvider.System, role);
        await daemon._host.Start(TestContext.Current.CancellationToken);
        return daemon;
    }

    /// <summary>A path that a route answers, of things that need not be there.</summary>
    public static string PathOf(ApiRoute route) =>
        route.Pattern.Replace("{id}", "1", StringComparison.Ordinal).Replace("{number}", "1", StringComparison.Ordinal).Replace("{name}", "x", StringComparison.Ordinal).Replace("{file}", "x", StringComparison.Ordinal);

    public static HttpClient OverSocket(string path) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellation) =>
        {
            Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        BaseAddress = new Uri("http://localhost"),
    };

    public static StringContent Json(string text) => new(text, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));

    public Task<HttpResponseMessage> Submit(string json, string? key = null) => Submit(BySocket, json, key);

    public static async Task<HttpResponseMessage> Submit(HttpClient client, string json, string? key = null)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/api/v1/jobs") { Content = Json(json) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public static async Task<JsonElement> Read(HttpResponseMessage response)
    {
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        return document.RootElement.Clone();
    }

    public async Task<JsonElement> Get(string path)
    {
        using HttpResponseMessage response = await BySocket.GetAsync(path, TestContext.Current.CancellationToken);
        return await Read(response);
    }

    public async Task<Job> Ended(long id)
    {
        while (Store.Find(id) is { HasEnded: false })
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        return Store.Find(id)!;
    }

    public async ValueTask DisposeAsync()
    {
        BySocket.Dispose();
        ByPort.Dispose();
        await _host.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static BenchDocument? ReadBench(ReadOnlyMemory<byte> json, out string? objection)
    {
        objection = null;
        return BenchFile.Parse(json, "of this job");
    }
}
