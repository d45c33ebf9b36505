// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Kvmsys.Monitor.Reports.Html;

/// <summary>The axis under a <see cref="BarChart"/>: linear from 0 on, or in decades where one value is many times another.</summary>
internal sealed class BarAxis
{
    // Below it the shortest bar of a linear axis is still seen beside the longest.
    private const double MostRatio = 40;

    private readonly double _start;
    private readonly double _end;

    /// <summary>An axis on which values have room.</summary>
    /// <param name="values">The values; no negative one has room.</param>
    public BarAxis(IReadOnlyCollection<double> values)
    {
        double[] positive = [.. values.Where(value => value > 0)];
        double least = positive.Length == 0 ? 1 : positive.Min();
        double most = positive.Length == 0 ? 1 : positive.Max();
        IsLogarithmic = most / least > MostRatio;
        if (IsLogarithmic)
        {
            // Half of the shortest bar's value is where they all begin: it has some length, then.
            _start = Math.Log10(least / 2);
            _end = Math.Log10(most);
            int decade = (int)Math.Floor(_start);
            int[] factors = _end - _start > 5 ? [1] : [1, 2, 5];
            Ticks =
            [
                .. from exponent in Enumerable.Range(decade, (int)Math.Ceiling(_end) - decade + 1)
                   from factor in factors
                   let tick = factor * Math.Pow(10, exponent)
                   where Math.Log10(tick) >= _start - 1e-9 && Math.Log10(tick) <= _end + 1e-9
                   select tick,
            ];
        }
        else
        {
            double step = NiceStep(most);
            Ticks = [.. Enumerable.Range(0, (int)Math.Floor((most / step) + 1e-9) + 1).Select(index => index * step)];
            _end = most;
        }
    }

    /// <summary>Whether it is in decades.</summary>
    public bool IsLogarithmic { get; }

    /// <summary>Where it has lines and numbers.</summary>
    public IReadOnlyList<double> Ticks { get; }

    /// <summary>How a tick is written.</summary>
    public static string Format(double tick) =>
        tick is 0 or (>= 0.001 and < 1e7) ? tick.ToString("#,0.###", CultureInfo.InvariantCulture) : tick.ToString("0e0", CultureInfo.InvariantCulture);

    /// <summary>Where a value is: 0 at the axis' start, 1 at its end.</summary>
    public double PlaceOf(double value) =>
        Math.Clamp(((IsLogarithmic ? (value > 0 ? Math.Log10(value) : _start) : value) - _start) / (_end - _start), 0, 1);

    /// <summary>1, 2 or 5 times a power of ten: of these the first with at most eight steps.</summary>
    private static double NiceStep(double most)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(most / 8)));
        ReadOnlySpan<double> factors = [1, 2, 5];
        foreach (double factor in factors)
        {
            if (most / (factor * power) <= 8 + 1e-9)
            {
                return factor * power;
            }
        }

        return 10 * power;
    }
}
