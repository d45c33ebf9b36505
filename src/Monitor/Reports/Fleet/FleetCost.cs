// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>What a call costs by one or several benches, in one unit.</summary>
/// <param name="Estimate">The median of the benches' medians, and an interval.</param>
/// <param name="Benches">How many benches.</param>
/// <param name="Interval">What the interval is.</param>
public sealed record FleetCost(Estimate Estimate, int Benches, FleetInterval Interval)
{
    /// <summary>Benches from which on the interval of their medians covers 95 %: of fewer it would cover less, however much they agree.</summary>
    public const int EnoughBenches = 6;

    /// <summary>The cost by some benches; null for none. What is derived in a file is derived here again: the sessions' medians are all that is taken
    /// from it.</summary>
    public static FleetCost? Of(IEnumerable<CostDocument?> costs)
    {
        Estimate[] benches = [.. costs.OfType<CostDocument>().Select(cost => MedianInterval.Of(cost.Sessions))];
        if (benches.Length == 0)
        {
            return null;
        }

        if (benches.Length == 1)
        {
            return new(benches[0], 1, FleetInterval.Sessions);
        }

        Estimate median = MedianInterval.Of([.. benches.Select(bench => bench.Value)]);
        return benches.Length >= EnoughBenches
            ? new(median, benches.Length, FleetInterval.Benches)
            : new(
                new(median.Value, benches.Min(bench => bench.Low), benches.Max(bench => bench.High), benches.Max(bench => bench.Coverage)),
                benches.Length,
                FleetInterval.Hull);
    }

    /// <summary>How many times another cost this one is; null where one of them may be nothing.</summary>
    /// <remarks>The interval has the true ratio in it whenever both intervals have the true costs in them (Bonferroni).</remarks>
    public Estimate? RatioTo(FleetCost other)
    {
        ArgumentNullException.ThrowIfNull(other);
        (Estimate cost, Estimate unit) = (Estimate, other.Estimate);
        bool isKnown = cost.Coverage > 0 && unit.Coverage > 0;
        return cost.Low > 0 && unit.Low > 0
            ? new(cost.Value / unit.Value, cost.Low / unit.High, cost.High / unit.Low, isKnown ? Math.Max(0, cost.Coverage + unit.Coverage - 1) : 0)
            : null;
    }
}
