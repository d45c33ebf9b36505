// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Statistics;

/// <summary>How costs have changed between two samples of independent values, such as the medians of sessions.</summary>
public sealed record Comparison
{
    /// <summary>The largest p value that counts as a change, and what the intervals' coverage leaves of 1. One in a hundred:
    /// no more comparisons of A with A may raise an alarm. Two samples of 5 values can just reach it.</summary>
    public const double Significance = 0.01;

    /// <summary>How much higher the new values are, in their unit: the median of all pairs' differences (Hodges and Lehmann,
    /// 1963).</summary>
    public required Estimate Shift { get; init; }

    /// <summary>How many times the old values the new ones are: the median of all pairs' ratios; null unless all values are
    /// positive.</summary>
    public required Estimate? Ratio { get; init; }

    /// <summary>The two-sided p value of <see cref="MannWhitney"/>.</summary>
    public required double PValue { get; init; }

    /// <summary>The change that is the largest not to matter, in the values' unit.</summary>
    public required double Threshold { get; init; }

    /// <summary>What it comes to.</summary>
    public Finding Finding { get; private init; }

    /// <summary>Compares two samples.</summary>
    /// <param name="baseValues">The old values, in any order.</param>
    /// <param name="newValues">The new values, in any order.</param>
    /// <param name="thresholdRatio">A change of this part of the old values' median does not matter.</param>
    /// <param name="thresholdAbsolute">Nor does a change of this, in the values' unit.</param>
    /// <exception cref="ArgumentException">There is no value, or one that is infinite or not a number.</exception>
    public static Comparison Of(
        IReadOnlyList<double> baseValues, IReadOnlyList<double> newValues, double thresholdRatio = 0.01, double thresholdAbsolute = 1)
    {
        double[] before = OrderStatistics.Of(baseValues);
        double[] after = OrderStatistics.Of(newValues);
        Estimate shift = ShiftInterval.Of(before, after, 1 - Significance);
        double pValue = MannWhitney.PValue(before, after);
        double threshold = Math.Max(thresholdAbsolute, thresholdRatio * Math.Abs(MedianInterval.Of(before).Value));
        return new()
        {
            Shift = shift,
            Ratio = Math.Min(before[0], after[0]) > 0 ? RatioOf(before, after) : null,
            PValue = pValue,
            Threshold = threshold,
            Finding = Judge(shift, pValue, threshold, MannWhitney.SmallestPValue(before.Length, after.Length)),
        };
    }

    private static Finding Judge(Estimate shift, double pValue, double threshold, double smallestPValue)
    {
        if (smallestPValue > Significance)
        {
            return Finding.Undecided;
        }

        bool isChange = pValue <= Significance && (shift.Low > 0 || shift.High < 0);
        if (isChange && Math.Abs(shift.Value) > threshold)
        {
            return shift.Value > 0 ? Finding.Slower : Finding.Faster;
        }

        return shift.Low >= -threshold && shift.High <= threshold ? Finding.Same : Finding.Undecided;
    }

    // A ratio's logarithm is a shift of logarithms.
    private static Estimate RatioOf(double[] before, double[] after)
    {
        double[] logarithmsBefore = [.. before.Select(value => Math.Log(value))];
        double[] logarithmsAfter = [.. after.Select(value => Math.Log(value))];
        Estimate shift = ShiftInterval.Of(logarithmsBefore, logarithmsAfter, 1 - Significance);
        return new(Math.Exp(shift.Value), Math.Exp(shift.Low), Math.Exp(shift.High), shift.Coverage);
    }
}
