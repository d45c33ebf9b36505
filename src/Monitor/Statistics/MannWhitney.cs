// SPDX-License-Identifier: MIT

using Perfolizer.Mathematics.Distributions.ContinuousDistributions;

namespace Kvmsys.Monitor.Statistics;

/// <summary>Whether one of two samples tends to the larger values, by ranks alone.</summary>
/// <remarks>Mann and Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger than the Other", 1947; also known
/// as Wilcoxon's rank sum test. Perfolizer's counts as if there were no ties.</remarks>
public static class MannWhitney
{
    // Up to here every choice of ranks is counted; it takes a few milliseconds at most. Beyond, 20 values a side or more, the normal
    // approximation is good to a few thousandths, and far better where p is small.
    private const int ExactPairs = 400;

    /// <summary>The two-sided p value: how often samples of one distribution are ranked at least as far apart as these.</summary>
    /// <param name="first">A sample, in any order.</param>
    /// <param name="second">Another, in any order.</param>
    /// <exception cref="ArgumentException">There is no value, or one that is infinite or not a number.</exception>
    public static double PValue(IReadOnlyList<double> first, IReadOnlyList<double> second)
    {
        double[] few = OrderStatistics.Of(first);
        double[] many = OrderStatistics.Of(second);
        if (few.Length > many.Length)
        {
            (few, many) = (many, few);
        }

        int count = few.Length + many.Length;
        (double Value, int Count)[] ties = [.. few.Concat(many).Order().CountBy(value => value).Select(tie => (tie.Key, tie.Value))];
        Dictionary<double, int> doubledRanks = [];
        int below = 0;
        foreach ((double value, int tied) in ties)
        {
            doubledRanks[value] = (2 * below) + tied + 1;
            below += tied;
        }

        long doubledSum = few.Sum(value => (long)doubledRanks[value]);
        long expected = (long)few.Length * (count + 1);
        if (IsExact(few.Length, many.Length))
        {
            int[] ranks = [.. ties.SelectMany(tie => Enumerable.Repeat(doubledRanks[tie.Value], tie.Count))];
            return new RankSumDistribution(ranks, few.Length).AtLeastAsFar((int)doubledSum, (int)expected);
        }

        // Lehmann, "Nonparametrics", 1.4 and 1.5: ties narrow the distribution, and half a rank is the continuity correction.
        double excess = ties.Sum(tie => (Math.Pow(tie.Count, 3) - tie.Count) / ((double)count * (count - 1)));
        double deviation = Math.Sqrt((double)few.Length * many.Length * (count + 1 - excess) / 12);
        double distance = Math.Max(0, (Math.Abs(doubledSum - expected) - 1) / 2.0);
        return deviation == 0 ? 1 : 2 * NormalDistribution.Standard.Cdf(-distance / deviation);
    }

    /// <summary>The smallest p value that two samples of these sizes can have: that of samples of which one is all above the
    /// other.</summary>
    public static double SmallestPValue(int firstCount, int secondCount)
    {
        double choices = 1;
        for (int drawn = 1; drawn <= Math.Min(firstCount, secondCount); drawn++)
        {
            choices *= (double)(firstCount + secondCount + 1 - drawn) / drawn;
        }

        return 2 / choices;
    }

    /// <summary>How probable it is that of all pairs of values of two samples of these sizes at most so many have the larger value on a
    /// given side, when there is no shift and there are no ties: the distribution of U.</summary>
    internal static Func<long, double> DistributionOfU(int firstCount, int secondCount)
    {
        if (IsExact(firstCount, secondCount))
        {
            int few = Math.Min(firstCount, secondCount);
            RankSumDistribution sums = new([.. Enumerable.Range(1, firstCount + secondCount).Select(rank => 2 * rank)], few);
            return pairs => sums.AtMost((int)((2 * pairs) + (few * (few + 1))));
        }

        double expected = (double)firstCount * secondCount / 2;
        double deviation = Math.Sqrt(expected * (firstCount + secondCount + 1) / 6);
        return pairs => NormalDistribution.Standard.Cdf((pairs + 0.5 - expected) / deviation);
    }

    private static bool IsExact(int firstCount, int secondCount) => (long)firstCount * secondCount <= ExactPairs;
}
