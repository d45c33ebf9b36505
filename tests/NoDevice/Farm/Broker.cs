// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>A NATS server as a process of its own, that can be killed and started again over the same streams.</summary>
internal sealed class Broker : IDisposable
{
    private const string Program = "nats-server";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly string Fetched = Path.Combine(Checkout.Root, "artifacts/nats-server/usr/sbin", Program);

    private readonly string _folder;
    private readonly string _configuration;
    private readonly StringBuilder _log = new();
    private Process? _process;

    /// <summary>A server that is not started yet.</summary>
    /// <param name="configuration">Its configuration for a port and a folder; null for one that lets everybody do everything.</param>
    /// <param name="port">Where it listens; null for any port that is free.</param>
    public Broker(Func<int, string, string>? configuration = null, int? port = null)
    {
        _folder = Directory.CreateTempSubdirectory("kvmsys-broker-").FullName;
        Port = port ?? FreePort.Next();
        _configuration = Path.Combine(_folder, "server.conf");
        File.WriteAllText(_configuration, configuration?.Invoke(Port, _folder) ?? $"host: 127.0.0.1\nport: {Port}\njetstream {{ store_dir: \"{StreamFolder}\" }}\n");
    }

    /// <summary>Where it listens at 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>As clients are told it.</summary>
    public string Url => $"nats://127.0.0.1:{Port}";

    /// <summary>The file of its configuration.</summary>
    public string ConfigurationPath => _configuration;

    /// <summary>Where its streams are, unless its configuration says otherwise.</summary>
    public string StreamFolder => Path.Combine(_folder, "jetstream");

    /// <summary>What it has written.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary>The program; null where there is none.</summary>
    public static string? Found => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, Program)).Append(Fetched).FirstOrDefault(File.Exists);

    /// <summary>Starts it, and waits until it listens; the test is skipped where there is no server.</summary>
    public async Task Start()
    {
        Assert.SkipWhen(Found is null, "nats-server is not here; ./build.sh test fetches it");
        _process = Process.Start(new ProcessStartInfo(Found!, ["-c", _configuration]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        for (Stopwatch time = Stopwatch.StartNew(); ; await Task.Delay(20, TestContext.Current.CancellationToken))
        {
            try
            {
                using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, Port, TestContext.Current.CancellationToken);
                return;
            }
            catch (SocketException)
            {
                Assert.True(!_process.HasExited && time.Elapsed < Patience, Log);
            }
        }
    }

    /// <summary>Kills it, as a power failure does.</summary>
    public void Kill()
    {
        _process!.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Sends it a signal, by its name: HUP lets it read its configuration anew.</summary>
    public void Signal(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", _process!.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (_process is not null)
        {
            Kill();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private void Keep(string? line)
    {
        lock (_log)
        {
            _log.AppendLine(line);
        }
    }
}
