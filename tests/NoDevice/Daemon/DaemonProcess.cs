// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Net.Sockets;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>The daemon that ships, as a process that can be killed and started again over the same state.</summary>
internal sealed class DaemonProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-daemon-").FullName;
    private Process? _process;
    private Task<string>? _log;

    public DaemonProcess() => Client = RunningDaemon.OverSocket(SocketPath);

    public string StateFolder => Path.Combine(_folder, "state");

    public string SocketPath => Path.Combine(_folder, "daemon.sock");

    /// <summary>A client that may do everything, of whichever process listens.</summary>
    public HttpClient Client { get; private set; }

    /// <summary>What the last process wrote that has ended.</summary>
    public string Log { get; private set; } = "";

    /// <summary>Starts the daemon, and waits until it answers.</summary>
    public async Task Start(params (string Name, string Value)[] environment)
    {
        ProcessStartInfo start = new(Checkout.Binary, ["daemon", "--state", StateFolder, "--listen", $"unix:{SocketPath}"]) { RedirectStandardError = true };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        Task<string> log = _process.StandardError.ReadToEndAsync();
        for (Stopwatch time = Stopwatch.StartNew(); ; await Task.Delay(10, TestContext.Current.CancellationToken))
        {
            try
            {
                using HttpResponseMessage answer = await Client.GetAsync("/readyz", TestContext.Current.CancellationToken);
                if (answer.IsSuccessStatusCode)
                {
                    _log = log;
                    return;
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or SocketException or IOException)
            {
                // It does not listen yet.
            }

            if (_process.HasExited || time.Elapsed > Patience)
            {
                throw new InvalidOperationException($"The daemon does not answer: {(_process.HasExited ? await log : "it is still starting")}");
            }
        }
    }

    /// <summary>Kills it, as the kernel does where memory is short, and as a power failure does.</summary>
    public async Task Kill()
    {
        _process!.Kill();
        await End();
    }

    /// <summary>Asks it to stop.</summary>
    /// <returns>Its status.</returns>
    public async Task<int> Terminate()
    {
        using Process kill = Process.Start("kill", ["-TERM", _process!.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        return await End();
    }

    /// <summary>Waits until it has ended by itself.</summary>
    /// <returns>Its status.</returns>
    public Task<int> WaitForEnd() => End();

    public void Dispose()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process?.Dispose();
        Client.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<int> End()
    {
        await _process!.WaitForExitAsync(TestContext.Current.CancellationToken);
        int status = _process.ExitCode;
        Log = await _log!;
        _process.Dispose();
        _process = null;

        // Connections to a process that is gone are not to be used again.
        Client.Dispose();
        Client = RunningDaemon.OverSocket(SocketPath);
        return status;
    }
}
