// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Statistics;

/// <summary>
/// The step in which a clock advances, by the differences of its readings. A TSC counts in ticks of its own rate and may be updated at another's, such as
/// every 24.45 ticks: then a difference is a multiple of that, rounded up or down.
/// </summary>
public static class ClockStep
{
    // A step of less cannot be told from rounding: everything is near a multiple of it.
    private const double Least = 5;

    // So many steps away the search's own grid does not matter yet.
    private const int MostSteps = 40;
    private const double Grid = 0.005;
    private const double Rounding = 1 + (MostSteps * Grid / 2);

    // A few values are near multiples of many a number: so many must be that chance makes it of one step in a million.
    private const double Chance = 1e-6;

    /// <summary>The largest step that explains all differences; 1 when none does, or too few differences are short enough to tell.</summary>
    /// <param name="differences">Differences of two readings, 0 or more, in any order; equal ones are as good as one.</param>
    public static double Of(IEnumerable<long> differences)
    {
        long[] distinct = [.. differences.Where(value => value > 0).Distinct().Order()];
        if (distinct.Length == 0)
        {
            return 1;
        }

        for (int index = (int)((distinct[0] + 1) / Grid); index * Grid >= Least; index--)
        {
            double step = index * Grid;
            long[] near = [.. distinct.TakeWhile(value => value <= MostSteps * step)];
            double fewest = Math.Log(Chance) / Math.Log(2 * Rounding / step);
            if (near.Length >= fewest && near.All(value => Math.Abs(value - (step * Math.Round(value / step))) <= Rounding))
            {
                return Centre(near, step);
            }
        }

        return 1;
    }

    /// <summary>The step that fits best, of those that differ by less than the search can tell.</summary>
    private static double Centre(long[] values, double step)
    {
        double[] multiples = Array.ConvertAll(values, value => Math.Round(value / step));
        return values.Zip(multiples, (value, multiple) => value * multiple).Sum() / multiples.Sum(multiple => multiple * multiple);
    }
}
