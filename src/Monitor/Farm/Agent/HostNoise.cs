// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;

namespace Kvmsys.Monitor.Farm.Agent;

/// <summary>How busy a host is with whatever it does: the share of its CPUs' time since the last look, from /proc/stat (proc_stat(5)).</summary>
internal sealed class HostNoise
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private (long Busy, long All) _before = Read();
    private long _at = Stopwatch.GetTimestamp();
    private double _percent;

    /// <summary>The share over the last seconds, in percent; 0 where nobody has looked for long enough.</summary>
    public double Percent()
    {
        lock (_lock)
        {
            if (Stopwatch.GetElapsedTime(_at) >= Shortest)
            {
                (long busy, long all) = Read();
                _percent = all > _before.All ? 100.0 * (busy - _before.Busy) / (all - _before.All) : 0;
                (_before, _at) = ((busy, all), Stopwatch.GetTimestamp());
            }

            return _percent;
        }
    }

    private static (long Busy, long All) Read()
    {
        const int idle = 3, waiting = 4, guest = 8;

        // What a guest has is in its host's time already.
        long[] times = [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(guest).Select(word => long.Parse(word, CultureInfo.InvariantCulture))];
        long all = times.Sum();
        return (all - times[idle] - times[waiting], all);
    }
}
