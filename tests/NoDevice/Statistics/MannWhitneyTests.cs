// SPDX-License-Identifier: MIT

using FsCheck.Xunit;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Tests.NoDevice.Statistics;

public sealed class MannWhitneyTests
{
    public static TheoryData<double[], double[], double> PublishedPValues => new()
    {
        // SciPy's documentation of mannwhitneyu: ages at which diabetes was diagnosed, U = 17, exact.
        { [19, 22, 16, 29, 24], [20, 11, 17, 12], 0.1111 },

        // R's documentation of wilcox.test: Hollander and Wolfe (1973), 69f., permeability; W = 35. One-sided it prints 0.1272, two-sided
        // exactRankTests' reference output has 0.2544.
        { [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46], [1.15, 0.88, 0.90, 0.74, 1.21], 0.2544 },

        // StatXact 4's manual, p. 221, diastolic blood pressure: ties, exact. Twice the one-sided 0.0542 would be wrong.
        { [94, 108, 110, 90], [80, 94, 85, 90, 90, 90, 108, 94, 78, 105, 88], 0.0989 },

        // The guide of the R package stana, output of exactRankTests' wilcox.exact: ties at 0, W = 22.
        {
            [1.154444, 2.404241, 0, 1.421386, 1.50773, 0],
            [0.535732, 1.709442, 1.31675, 3.44086, 2.712423, 1.923076, 1.062853, 1.21147, 0, 1.509217], 0.4256
        },
    };

    [Theory]
    [MemberData(nameof(PublishedPValues))]
    public void Exact_p_values_are_the_published_ones(double[] first, double[] second, double expected) =>
        Assert.Equal(expected, MannWhitney.PValue(first, second), 0.00005);

    [Fact]
    public void The_approximation_is_the_published_one()
    {
        // R's documentation of wilcox.test: ozone in May and in August, data set airquality; W = 127.5, with ties and continuity
        // correction.
        double[] may = [41, 36, 12, 18, 28, 23, 19, 8, 7, 16, 11, 14, 18, 14, 34, 6, 30, 11, 1, 11, 4, 32, 23, 45, 115, 37];
        double[] august = [39, 9, 16, 78, 35, 66, 122, 89, 110, 44, 28, 65, 22, 59, 23, 31, 44, 21, 9, 45, 168, 73, 76, 118, 84, 85];
        Assert.Equal(0.0001208, MannWhitney.PValue(may, august), 0.00000005);
    }

    // The largest U that is significant, two-sided: Siegel, "Nonparametric Statistics", 1956, table K.
    [Theory]
    [InlineData(5, 5, 0.05, 2)]
    [InlineData(8, 8, 0.05, 13)]
    [InlineData(9, 9, 0.05, 17)]
    [InlineData(10, 10, 0.05, 23)]
    [InlineData(7, 12, 0.05, 18)]
    [InlineData(20, 20, 0.05, 127)]
    [InlineData(5, 5, 0.01, 0)]
    [InlineData(5, 10, 0.01, 4)]
    [InlineData(8, 8, 0.01, 7)]
    [InlineData(9, 9, 0.01, 11)]
    [InlineData(10, 10, 0.01, 16)]
    [InlineData(20, 20, 0.01, 105)]
    public void The_critical_values_are_the_tables(int firstCount, int secondCount, double significance, int critical)
    {
        Assert.True(PValueOf(critical, firstCount, secondCount) <= significance);
        Assert.True(PValueOf(critical + 1, firstCount, secondCount) > significance);
    }

    [Fact]
    public void Beyond_the_exact_counts_the_approximation_goes_on_where_they_end()
    {
        // The same U, once counted and once not: 20 values against 20 and 21.
        double exact = PValueOf(100, 20, 20);
        double approximate = PValueOf(100 + 5, 20, 21);
        Assert.Equal(exact, approximate, 0.002);
    }

    [Property]
    public bool It_is_what_dealing_all_values_in_every_way_counts(byte[] first, byte[] second)
    {
        // Few values of few kinds: ties in all ways.
        double[] one = [1, .. first.Take(4).Select(value => value % 5)];
        double[] other = [2, .. second.Take(5).Select(value => value % 5)];
        double[] all = [.. one, .. other];
        double observed = DistanceOfU(one, other);
        int hands = 0;
        int asFar = 0;
        for (uint hand = 0; hand < 1u << all.Length; hand++)
        {
            if (uint.PopCount(hand) == one.Length)
            {
                hands++;
                asFar += DistanceOfU(Dealt(all, hand), Dealt(all, ~hand)) >= observed ? 1 : 0;
            }
        }

        return Math.Abs(((double)asFar / hands) - MannWhitney.PValue(one, other)) < 1e-12;
    }

    [Property]
    public bool Which_sample_is_first_does_not_matter_nor_does_the_order_nor_the_unit(int seed, byte size)
    {
        Random random = new(seed);
        double[] first = Noise.Sample("normal", random, (size % 25) + 1);
        double[] second = Noise.Sample("skewed", random, 20);
        double expected = MannWhitney.PValue(first, second);
        double[] otherUnit = [.. first.Reverse().Select(value => Math.Exp(value / 100))];
        return Math.Abs(expected - MannWhitney.PValue(second, first)) < 1e-12
            && Math.Abs(expected - MannWhitney.PValue(otherUnit, [.. second.Select(value => Math.Exp(value / 100))])) < 1e-12;
    }

    [Theory]
    [InlineData(10)]
    [InlineData(50)]
    public void Equal_samples_say_nothing(int count) =>
        Assert.Equal(1, MannWhitney.PValue([.. Enumerable.Repeat(3.0, count)], [.. Enumerable.Repeat(3.0, count)]), 1e-12);

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(4, 4, 2.0 / 70)]
    [InlineData(5, 5, 2.0 / 252)]
    [InlineData(3, 10, 2.0 / 286)]
    public void The_smallest_p_value_is_that_of_samples_that_do_not_overlap(int firstCount, int secondCount, double smallest)
    {
        Assert.Equal(smallest, MannWhitney.SmallestPValue(firstCount, secondCount), 1e-12);
        Assert.Equal(smallest, PValueOf(0, firstCount, secondCount), 1e-12);
    }

    // Samples without ties of which so many pairs have the larger value in the first.
    private static double PValueOf(int u, int firstCount, int secondCount)
    {
        double[] second = [.. Enumerable.Range(0, secondCount)];
        double[] first = new double[firstCount];
        for (int index = 0; index < firstCount; index++)
        {
            int above = Math.Min(u, secondCount);
            u -= above;
            first[index] = above - 0.5 - (0.001 * index);
        }

        return MannWhitney.PValue(first, second);
    }

    private static double DistanceOfU(double[] first, double[] second) => Math.Abs(
        first.Sum(value => second.Sum(other => value > other ? 1 : value == other ? 0.5 : 0)) - (first.Length * second.Length / 2.0));

    private static double[] Dealt(double[] all, uint hand) => [.. all.Where((_, index) => (hand >> index & 1) == 1)];
}
