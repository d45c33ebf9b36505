// SPDX-License-Identifier: MIT

using System.Diagnostics;

namespace Kvmsys.Scale;

/// <summary>A process that is measured: it is started, watched and ended, and the end of what it has written is kept.</summary>
internal sealed class ChildProcess : IDisposable
{
    private const int MostLines = 200;

    private readonly Process _process;
    private readonly Queue<string> _lines = [];

    /// <summary>Starts it.</summary>
    public ChildProcess(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Reloads of its configuration that a NATS server has told of.</summary>
    public int Reloads { get; private set; }

    /// <summary>The end of what it has written.</summary>
    public string Log
    {
        get
        {
            lock (_lines)
            {
                return string.Join('\n', _lines);
            }
        }
    }

    /// <summary>Runs a program to its end.</summary>
    /// <returns>How long that took.</returns>
    public static TimeSpan Run(string program, params string[] arguments)
    {
        long begin = Stopwatch.GetTimestamp();
        using ChildProcess process = new(program, arguments);
        process._process.WaitForExit();
        return process._process.ExitCode == 0
            ? Stopwatch.GetElapsedTime(begin)
            : throw new ScaleException($"{program} {string.Join(' ', arguments)} has ended with {process._process.ExitCode}: {process.Log}");
    }

    /// <summary>Sends it a signal, by its name.</summary>
    public void Signal(string name) => Run("kill", $"-{name}", $"{Id}");

    public void Kill()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.WaitForExit();
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }

    private void Keep(string? line)
    {
        lock (_lines)
        {
            if (line is null)
            {
                return;
            }

            if (line.Contains("Reloaded server configuration", StringComparison.Ordinal))
            {
                Reloads++;
            }

            _lines.Enqueue(line);
            if (_lines.Count > MostLines)
            {
                _lines.Dequeue();
            }
        }
    }
}
