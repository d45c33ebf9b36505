// SPDX-License-Identifier: MIT

using FsCheck.Xunit;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Tests.NoDevice.Statistics;

public sealed class MedianIntervalTests
{
    // The textbooks' table "Confidence intervals for the population median": for n values, the ranks and the confidence level. 1 to 5
    // cannot reach 95 % and have all that there is; the row for 100 is the sign test's: R, qbinom(0.025, 100, 0.5) is 40 and its interval
    // 0.9648.
    [Theory]
    [InlineData(1, 1, 1, 0)]
    [InlineData(2, 1, 2, 0.5)]
    [InlineData(3, 1, 3, 0.75)]
    [InlineData(4, 1, 4, 0.875)]
    [InlineData(5, 1, 5, 0.938)]
    [InlineData(6, 1, 6, 0.969)]
    [InlineData(7, 1, 7, 0.984)]
    [InlineData(8, 1, 8, 0.992)]
    [InlineData(9, 2, 8, 0.961)]
    [InlineData(10, 2, 9, 0.979)]
    [InlineData(11, 2, 10, 0.988)]
    [InlineData(12, 3, 10, 0.961)]
    [InlineData(13, 3, 11, 0.978)]
    [InlineData(15, 4, 12, 0.965)]
    [InlineData(17, 5, 13, 0.951)]
    [InlineData(20, 6, 15, 0.959)]
    [InlineData(100, 40, 61, 0.965)]
    public void It_is_the_tables(int count, int low, int high, double coverage)
    {
        // Each value is its own rank.
        Estimate median = MedianInterval.Of([.. Enumerable.Range(1, count).Reverse()]);
        Assert.Equal(((count + 1) / 2.0, low, high), (median.Value, median.Low, median.High));
        Assert.Equal(coverage, median.Coverage, 0.0005);
    }

    [Theory]
    [InlineData(10, 0.95, 0.9785)]
    [InlineData(10, 0.99, 0.998)]
    [InlineData(25, 0.95, 0.9567)]
    public void It_holds_the_true_median_as_often_as_it_says(int count, double confidence, double coverage)
    {
        const int Trials = 10_000;
        Random random = new(20);
        int held = 0;
        for (int trial = 0; trial < Trials; trial++)
        {
            Estimate median = MedianInterval.Of(Noise.Sample("heavy-tailed", random, count), confidence);
            held += median.Low <= Noise.Cost && median.High >= Noise.Cost ? 1 : 0;
            Assert.Equal(coverage, median.Coverage, 0.0005);
        }

        // Four of the count's own deviations.
        Assert.Equal(coverage, (double)held / Trials, 4 * Math.Sqrt(coverage * (1 - coverage) / Trials));
    }

    [Property]
    public bool The_median_is_in_it_and_more_confidence_makes_it_no_narrower(int seed, byte size)
    {
        double[] values = Noise.Sample("skewed", new Random(seed), size + 1);
        Estimate median = MedianInterval.Of(values);
        Estimate surer = MedianInterval.Of(values, 0.999);
        return median.Low <= median.Value && median.Value <= median.High && surer.Low <= median.Low && surer.High >= median.High
            && surer.Coverage >= median.Coverage && median.Value == Distribution.Of(values).Median;
    }

    [Fact]
    public void A_hundred_thousand_values_are_not_too_many()
    {
        // The normal approximation: half of n, and 1.96 halves of its root on each side.
        Estimate median = MedianInterval.Of([.. Enumerable.Range(1, 100_000)]);
        Assert.Equal((50_000.5, 49_690, 50_311), (median.Value, median.Low, median.High));
        Assert.Equal(0.95, median.Coverage, 0.001);
    }
}
