// SPDX-License-Identifier: MIT

using Pragmastat.Algorithms;

namespace Kvmsys.Monitor.Statistics;

/// <summary>The confidence interval of the shift between two samples that assumes nothing about their distribution but that it is the same:
/// it goes from one of all pairs' differences to another.</summary>
/// <remarks>Hodges and Lehmann's estimate and Moses' interval: Hollander, Wolfe and Chicken, "Nonparametric Statistical Methods", 4.2 and
/// 4.3. Without ties it has 0 in it exactly when <see cref="MannWhitney"/>'s p value is above what the confidence leaves of 1.</remarks>
public static class ShiftInterval
{
    /// <summary>The median of all differences and the narrowest interval that has the wanted coverage; the widest where none has
    /// it.</summary>
    /// <param name="before">The sample to start from, in any order.</param>
    /// <param name="after">The sample whose values are higher when the shift is positive, in any order.</param>
    /// <param name="confidence">The wanted coverage, 0 to 1.</param>
    /// <exception cref="ArgumentException">There is no value, or one that is infinite or not a number.</exception>
    public static Estimate Of(IReadOnlyList<double> before, IReadOnlyList<double> after, double confidence = 0.95)
    {
        double[] first = OrderStatistics.Of(before);
        double[] second = OrderStatistics.Of(after);
        long pairs = (long)first.Length * second.Length;
        Func<long, double> atMost = MannWhitney.DistributionOfU(first.Length, second.Length);

        // The lower end is the rank-th smallest difference, the upper end the rank-th largest.
        (long rank, long tooNarrow) = (1, (pairs / 2) + 1);
        while (tooNarrow - rank > 1)
        {
            long middle = (rank + tooNarrow) / 2;
            (rank, tooNarrow) = 2 * atMost(middle - 1) <= 1 - confidence ? (middle, tooNarrow) : (rank, middle);
        }

        // FastShift takes a rank as a part of the way from the first to the last.
        double low = (rank - 1) / Math.Max(1.0, pairs - 1);
        double[] quantiles = FastShift.Estimate(second, first, [low, 0.5, 1 - low], assumeSorted: true);
        return new(quantiles[1], quantiles[0], quantiles[2], Math.Max(0, 1 - (2 * atMost(rank - 1))));
    }
}
