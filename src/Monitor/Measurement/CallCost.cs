// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Measurement;

/// <summary>What one call costs, in one unit.</summary>
/// <param name="Estimate">The median of the sessions' medians, and its interval.</param>
/// <param name="Sessions">The sessions' medians, in the order in which they were measured.</param>
/// <param name="Distribution">All pairs of batches together.</param>
public sealed record CallCost(Estimate Estimate, IReadOnlyList<double> Sessions, Distribution Distribution)
{
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
