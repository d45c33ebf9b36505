// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;

namespace Kvmsys.Scale;

/// <summary>What a process has cost over a while: CPU of each process, from /proc/PID/stat, so that short-lived threads are in it.</summary>
internal sealed class Load
{
    private const double TicksPerSecond = 100;

    private readonly int _process;
    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly double _before;

    private Load(int process) => (_process, _before) = (process, CpuSeconds(process));

    /// <summary>Begins to look at a process.</summary>
    public static Load Of(int process) => new(process);

    /// <summary>Percent of a CPU since then.</summary>
    public double CpuPercent => 100 * (CpuSeconds(_process) - _before) / Stopwatch.GetElapsedTime(_began).TotalSeconds;

    /// <summary>Seconds of CPU since then.</summary>
    public double Seconds => CpuSeconds(_process) - _before;

    /// <summary>MB of a process' memory that are resident.</summary>
    public static double ResidentMegabytes(int process)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line["VmRSS:".Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) * 1024 / 1e6;
    }

    /// <summary>Files and connections that a process has open.</summary>
    public static int OpenFiles(int process) => Directory.GetFileSystemEntries($"/proc/{process}/fd").Length;

    /// <summary>How many a process may have open.</summary>
    public static int MostFiles(string process)
    {
        string line = File.ReadLines($"/proc/{process}/limits").First(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        return line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3] is var soft && int.TryParse(soft, CultureInfo.InvariantCulture, out int most) ? most : int.MaxValue;
    }

    private static double CpuSeconds(int process)
    {
        const int user = 11, system = 12;
        string text = File.ReadAllText($"/proc/{process}/stat");
        string[] words = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return (double.Parse(words[user], CultureInfo.InvariantCulture) + double.Parse(words[system], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }
}
