// SPDX-License-Identifier: MIT

namespace Kvmsys.Scale;

/// <summary>How long one thing took, again and again; many may say so at once.</summary>
internal sealed class Latencies
{
    private readonly Lock _lock = new();
    private readonly List<double> _milliseconds = [];

    public void Add(TimeSpan time)
    {
        lock (_lock)
        {
            _milliseconds.Add(time.TotalMilliseconds);
        }
    }

    /// <summary>Forgets those before.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _milliseconds.Clear();
        }
    }

    /// <summary>What they come to; null where there are none.</summary>
    public LatencyFigure? Figure()
    {
        lock (_lock)
        {
            if (_milliseconds.Count == 0)
            {
                return null;
            }

            double[] sorted = [.. _milliseconds.Order()];
            return new(sorted.Length, At(0.50), At(0.99), sorted[^1]);

            double At(double share) => sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];
        }
    }
}
