// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Measurement;

/// <summary>What one call costs, in one unit.</summary>
/// <param name="Estimate">The median of the sessions' medians, and its interval.</param>
/// <param name="Sessions">The sessions' medians, in the order in which they were measured.</param>
/// <param name="Distribution">All pairs of batches together.</param>
public sealed record CallCost(Estimate Estimate, IReadOnlyList<double> Sessions, Distribution Distribution)
{
    // Far beyond what a call can take, and far from where a quotient of two of them would be infinite.
    private const double LeastCycles = 1e-9;

    /// <summary>Core cycles that no call takes.</summary>
    public const double MostCycles = 1e15;

    /// <summary>Whether a call can cost so many core cycles, whoever says so: the difference of two times may also be less than nothing.</summary>
    public static bool IsPossible(double cycles) => Math.Abs(cycles) is 0 or (>= LeastCycles and <= MostCycles);

    /// <summary>The cost by the values of each session; null when there is no value.</summary>
    public static CallCost? Of(IEnumerable<IReadOnlyCollection<double>> sessions)
    {
        IReadOnlyCollection<double>[] some = [.. sessions.Where(session => session.Count > 0)];
        if (some.Length == 0)
        {
            return null;
        }

        double[] medians = Array.ConvertAll(some, session => MedianInterval.Of([.. session]).Value);
        return new CallCost(MedianInterval.Of(medians), medians, Distribution.Of([.. some.SelectMany(session => session)]));
    }
}
