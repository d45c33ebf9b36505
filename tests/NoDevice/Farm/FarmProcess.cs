// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Text;
using Kvmsys.Tests.NoDevice.Daemon;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>A controller or an agent that ships, as a process that can be killed, frozen and started again over the same state.</summary>
internal sealed class FarmProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string[] _arguments;
    private readonly (string Name, string Value)[] _environment;
    private readonly StringBuilder _log = new();
    private Process? _process;

    /// <summary>A process that is not started yet.</summary>
    /// <param name="folder">Where its state and its socket are.</param>
    /// <param name="arguments">What it is told.</param>
    /// <param name="environment">Variables.</param>
    public FarmProcess(string folder, string[] arguments, params (string Name, string Value)[] environment)
    {
        Directory.CreateDirectory(folder);
        SocketPath = Path.Combine(folder, "socket");
        StateFolder = Path.Combine(folder, "state");
        _arguments = ["farm", .. arguments, "--state", StateFolder, "--listen", $"unix:{SocketPath}"];
        _environment = environment;
        Client = RunningDaemon.OverSocket(SocketPath);
    }

    public string SocketPath { get; }

    public string StateFolder { get; }

    /// <summary>A client that may do everything.</summary>
    public HttpClient Client { get; private set; }

    /// <summary>Whether it runs.</summary>
    public bool IsRunning => _process is { HasExited: false };

    /// <summary>What all its processes have written.</summary>
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

    /// <summary>Starts it.</summary>
    public void Begin()
    {
        ProcessStartInfo start = new(Checkout.Binary, _arguments) { RedirectStandardError = true };
        foreach ((string name, string value) in _environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_log)
            {
                _log.AppendLine(line.Data);
            }
        };
        _process.BeginErrorReadLine();
    }

    /// <summary>Starts it, and waits until it answers.</summary>
    public async Task Start()
    {
        Begin();
        await Farm.Until(
            async () =>
            {
                Assert.False(_process!.HasExited, Log);
                try
                {
                    using HttpResponseMessage answer = await Client.GetAsync("/readyz", TestContext.Current.CancellationToken);
                    return answer.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "it does not answer",
            () => Log,
            Patience);
    }

    /// <summary>Kills it, as the kernel does where memory is short.</summary>
    public void Kill()
    {
        if (_process is null)
        {
            return;
        }

        _process.Kill();
        End();
    }

    /// <summary>Asks it to stop.</summary>
    /// <returns>Its status.</returns>
    public int Terminate()
    {
        Signal("TERM");
        return WaitForEnd();
    }

    /// <summary>Waits until it has ended of itself.</summary>
    /// <returns>Its status.</returns>
    public int WaitForEnd()
    {
        Assert.True(_process!.WaitForExit(Patience), Log);
        int status = _process.ExitCode;
        End();
        return status;
    }

    /// <summary>Sends it a signal, by its name.</summary>
    public void Signal(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", _process!.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (IsRunning)
        {
            _process!.Kill();
        }

        _process?.WaitForExit();
        _process?.Dispose();
        _process = null;
        Client.Dispose();
    }

    private void End()
    {
        _process!.WaitForExit();
        _process.Dispose();
        _process = null;

        // Connections to a process that is gone are not to be used again.
        Client.Dispose();
        Client = RunningDaemon.OverSocket(SocketPath);
    }
}
