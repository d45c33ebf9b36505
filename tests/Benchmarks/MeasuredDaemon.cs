// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Kvmsys.Native.Linux;
using Kvmsys.Tests;

namespace Kvmsys.Benchmarks;

/// <summary>kvmsys daemon as a process of its own, asked by one connection that stays: over its Unix socket, or over TCP with a token.</summary>
internal sealed class MeasuredDaemon : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly HttpClient _client;

    /// <summary>Starts it, and waits until it would take a job.</summary>
    /// <param name="binary">kvmsys.</param>
    /// <param name="folder">Where its state is.</param>
    /// <param name="overTcp">Whether it is asked at 127.0.0.1, with a token; over its Unix socket otherwise.</param>
    public MeasuredDaemon(string binary, string folder, bool overTcp = false)
    {
        string state = Path.Combine(folder, "state");
        string socket = Path.Combine(folder, "daemon.sock");
        string listen = $"unix:{socket}";
        if (overTcp)
        {
            listen = $"http://127.0.0.1:{FreePort.Next()}";
            _client = new HttpClient { BaseAddress = new Uri(listen) };
            _client.DefaultRequestHeaders.Authorization = new("Bearer", MakeToken(binary, state));
        }
        else
        {
            _client = new HttpClient(new SocketsHttpHandler { ConnectCallback = (_, cancellation) => Connect(socket, cancellation) }) { BaseAddress = new Uri("http://localhost") };
        }

        ProcessStartInfo start = new(binary, ["daemon", "--state", state, "--listen", listen]) { RedirectStandardError = true };
        start.Environment["KVMSYS_DAEMON_REQUESTS_PER_SECOND"] = "100000";
        start.Environment["KVMSYS_DAEMON_LONGEST_QUEUE"] = "100000";
        long begin = Stopwatch.GetTimestamp();
        _process = Process.Start(start)!;
        while (!IsReady(overTcp ? null : socket))
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(begin) > Patience)
            {
                Dispose();
                throw new InvalidOperationException("The daemon does not answer.");
            }
        }

        StartTime = Stopwatch.GetElapsedTime(begin);
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
    }

    /// <summary>From its start to the first /readyz that says so.</summary>
    public TimeSpan StartTime { get; }

    /// <summary>Bytes of its memory that are resident.</summary>
    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Time that it has been on a CPU, in nanoseconds, with threads that are gone.</summary>
    /// <remarks>clock_getcpuclockid(3) makes the clock's number of the process's so; /proc/PID/stat counts in hundredths of a second.</remarks>
    public long CpuNanoseconds
    {
        get
        {
            const int scheduled = 2;
            int clock = (~_process.Id << 3) | scheduled;
            return Clock.Read(clock, out long seconds, out long nanoseconds) == 0
                ? (seconds * 1_000_000_000) + nanoseconds
                : throw new InvalidOperationException("The daemon's CPU time cannot be read.");
        }
    }

    /// <summary>Asks for something.</summary>
    /// <returns>The status, and how long it took until all of the answer was there, in nanoseconds.</returns>
    public (int Status, double Nanoseconds) Get(string path) => Send(new HttpRequestMessage(HttpMethod.Get, path));

    /// <summary>Sends something.</summary>
    public (int Status, double Nanoseconds) Post(string path, string json) =>
        Send(new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") });

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
        _client.Dispose();
    }

    private static async ValueTask<Stream> Connect(string path, CancellationToken cancellation)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation).ConfigureAwait(false);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private static string MakeToken(string binary, string state)
    {
        ProcessStartInfo start = new(binary, ["daemon", "token", "create", "bench", "--scope", "admin", "--state", state]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string token = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return process.ExitCode == 0 ? token : throw new InvalidOperationException("No token was made.");
    }

    private bool IsReady(string? socket)
    {
        try
        {
            if (socket is null || File.Exists(socket))
            {
                return Get("/readyz").Status == 200;
            }
        }
        catch (HttpRequestException)
        {
            // A socket of the process before, or one that does not listen yet.
        }

        Thread.Sleep(1);
        return false;
    }

    private (int Status, double Nanoseconds) Send(HttpRequestMessage request)
    {
        using (request)
        {
            long begin = Stopwatch.GetTimestamp();
            using HttpResponseMessage answer = _client.SendAsync(request).GetAwaiter().GetResult();
            return ((int)answer.StatusCode, Stopwatch.GetElapsedTime(begin).TotalNanoseconds);
        }
    }
}
