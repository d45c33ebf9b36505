// SPDX-License-Identifier: MIT

using FsCheck.Xunit;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Tests.NoDevice.Statistics;

public sealed class DistributionTests
{
    // R's wilcox.test documentation: Hollander and Wolfe (1973), 29f., depression scores before and after; here their differences.
    private static readonly double[] Depression =
        [0.878 - 1.83, 0.647 - 0.50, 0.598 - 1.62, 2.05 - 2.48, 1.06 - 1.68, 1.29 - 1.88, 1.06 - 1.55, 3.14 - 3.06, 1.29 - 1.30];

    public static TheoryData<double[], double> HodgesLehmannReferences => new()
    {
        // Hollander and Wolfe (1999), p. 53.
        { Depression, -0.46 },

        // Pragmastat's manual and its reference tests: demo-1, normal-10, additive-10 and duplicates-10 of "center".
        { [0, 2, 4, 6, 8], 4 },
        {
            [
                10.320019277632081, 10.182186084274377, 10.035992719290558, 9.9840928264839, 10.811244939458113, 9.480952280345113,
                10.025957840025901, 9.861132861064087, 9.658535406131065, 10.536036868666999,
            ], 10.08313945537914
        },
        {
            [
                7.957789081278621, 11.068034093520474, 11.017359688918825, 9.460832652837185, 8.555034203375929, 9.516927224691715,
                8.49429110854656, 8.742147445901901, 8.682360261372322, 8.492093654887572,
            ], 9.007933428106558
        },
        { [1, 1, 1, 2, 2, 2, 3, 3, 3, 3], 2 },
    };

    [Theory]
    [MemberData(nameof(HodgesLehmannReferences))]
    public void Hodges_and_Lehmanns_estimate_is_the_published_one(double[] values, double expected) =>
        Assert.Equal(expected, Distribution.Of(values).HodgesLehmann, 1e-9);

    [Fact]
    public void Percentiles_are_those_of_R_and_NumPy()
    {
        // R: quantile(c(1, 2, 3, 4, 10)) gives 1 2 3 4 10; type 7 puts the p-quantile of n values at 1 + (n - 1) p, by its definition.
        Distribution five = Distribution.Of([10, 3, 1, 4, 2]);
        Assert.Equal((1, 2, 3, 4, 10), (five.Minimum, five.Percentile25, five.Median, five.Percentile75, five.Maximum));
        Assert.Equal(1.2, five.Percentile5, 1e-12);
        Assert.Equal(8.8, five.Percentile95, 1e-12);
        Assert.Equal(9.76, five.Percentile99, 1e-12);
    }

    [Property]
    public void Percentiles_are_in_order_however_close_the_values_are(int seed)
    {
        Random random = new(seed);
        double value = random.NextDouble() * 100;
        Distribution all = Distribution.Of([.. Enumerable.Range(0, random.Next(2, 50)).Select(_ => random.Next(3) switch { 0 => value, 1 => Math.BitIncrement(value), _ => Math.BitDecrement(value) })]);
        double[] order = [all.Minimum, all.Percentile5, all.Percentile25, all.Median, all.Percentile75, all.Percentile95, all.Percentile99, all.Maximum];
        Assert.Equal(order.Order(), order);
    }

    [Fact]
    public void The_median_absolute_deviation_is_not_scaled()
    {
        // SciPy's documentation of median_abs_deviation and Wikipedia's example: 1, 1, 2, 2, 4, 6, 9 has median 2 and MAD 1.
        Assert.Equal(1, Distribution.Of([1, 1, 2, 2, 4, 6, 9]).MedianAbsoluteDeviation);
    }

    [Fact]
    public void A_single_value_is_everything_that_can_be_said()
    {
        Distribution one = Distribution.Of([7]);
        Assert.Equal((1, 7, 7, 7, 7), (one.Count, one.Minimum, one.Median, one.Percentile99, one.Maximum));
        Assert.Equal((7, 0), (one.HodgesLehmann, one.MedianAbsoluteDeviation));
        Assert.Equal([7.0], one.Modes);
    }

    [Fact]
    public void Two_values_have_their_middle()
    {
        Distribution two = Distribution.Of([9, 7]);
        Assert.Equal((2, 7, 7.5, 8, 9), (two.Count, two.Minimum, two.Percentile25, two.Median, two.Maximum));
        Assert.Equal((8, 1), (two.HodgesLehmann, two.MedianAbsoluteDeviation));
        Assert.Single(two.Modes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.5)]
    public void Equal_values_have_one_mode_and_no_deviation(double resolution)
    {
        Distribution equal = Distribution.Of([.. Enumerable.Repeat(613.5, 1000)], resolution);
        Assert.Equal((613.5, 613.5, 613.5, 0), (equal.Minimum, equal.HodgesLehmann, equal.Maximum, equal.MedianAbsoluteDeviation));
        Assert.Equal(613.5, Assert.Single(equal.Modes), 0.5);
    }

    [Theory]
    [InlineData(new double[0])]
    [InlineData(new[] { 1, double.NaN })]
    [InlineData(new[] { double.PositiveInfinity, 1 })]
    public void What_is_not_a_sample_is_refused(double[] values)
    {
        Assert.Throws<ArgumentException>(() => Distribution.Of(values));
        Assert.Throws<ArgumentException>(() => MedianInterval.Of(values));
        Assert.Throws<ArgumentException>(() => MannWhitney.PValue([1], values));
        Assert.Throws<ArgumentException>(() => Comparison.Of(values, [1]));
    }

    [Property]
    public void The_order_of_the_values_does_not_matter(int seed)
    {
        double[] values = Noise.Sample("bimodal", new Random(seed), 100);
        double[] others = [.. values];
        new Random(seed).Shuffle(others);
        AssertClose(Distribution.Of(values), Distribution.Of(others), 1, 0);
    }

    [Property]
    public void Another_unit_and_another_zero_change_nothing_else(int seed)
    {
        double[] values = Noise.Sample("heavy-tailed", new Random(seed), 101);
        AssertClose(Distribution.Of(values), Distribution.Of([.. values.Select(value => (value * 0.25) - 40)]), 0.25, -40);
    }

    [Theory]
    [InlineData("normal", 10)]
    [InlineData("normal", 100)]
    [InlineData("normal", 3200)]
    [InlineData("skewed", 100)]
    [InlineData("skewed", 3200)]
    [InlineData("heavy-tailed", 100)]
    [InlineData("heavy-tailed", 3200)]
    public void One_crowd_is_one_mode(string shape, int count) => Assert.All(
        Enumerable.Range(0, 15), seed => Assert.Single(Distribution.Of(Noise.Sample(shape, new Random(seed), count)).Modes));

    [Theory]
    [InlineData(100)]
    [InlineData(3200)]
    public void Two_crowds_are_two_modes_and_each_is_where_its_crowd_is(int count) => Assert.All(Enumerable.Range(0, 15), seed =>
    {
        IReadOnlyList<double> modes = Distribution.Of(Noise.Sample("bimodal", new Random(seed), count)).Modes;
        Assert.Equal(2, modes.Count);
        Assert.Equal(Noise.Cost, modes[0], 2 * Noise.Deviation);
        Assert.Equal(Noise.Cost + (10 * Noise.Deviation), modes[1], 2 * Noise.Deviation);
    });

    [Theory]
    [InlineData("normal", 1)]
    [InlineData("bimodal", 2)]
    public void A_timers_steps_are_not_modes(string shape, int modes) => Assert.All(Enumerable.Range(0, 5), seed =>
    {
        double[] values = [.. Noise.Sample(shape, new Random(seed), 3200).Select(value => Math.Round(value))];
        Assert.Equal(modes, Distribution.Of(values, resolution: 1).Modes.Count);
        Assert.NotEqual(modes, Distribution.Of(values).Modes.Count);
    });

    [Fact]
    public void A_hundred_thousand_values_take_no_time_to_speak_of()
    {
        // All pairs' averages would be 5 thousand million, 40 GB of them.
        Distribution many = Distribution.Of(Noise.Sample("normal", new Random(1), 100_000));
        Assert.Equal(Noise.Cost, many.HodgesLehmann, 0.05);
        Assert.Equal(0.6745 * Noise.Deviation, many.MedianAbsoluteDeviation, 0.02);
    }

    private static void AssertClose(Distribution expected, Distribution actual, double scale, double shift)
    {
        const double Rounding = 1e-9;
        Assert.Equal((expected.Minimum * scale) + shift, actual.Minimum, Rounding);
        Assert.Equal((expected.Percentile5 * scale) + shift, actual.Percentile5, Rounding);
        Assert.Equal((expected.Percentile25 * scale) + shift, actual.Percentile25, Rounding);
        Assert.Equal((expected.Median * scale) + shift, actual.Median, Rounding);
        Assert.Equal((expected.Percentile75 * scale) + shift, actual.Percentile75, Rounding);
        Assert.Equal((expected.Percentile95 * scale) + shift, actual.Percentile95, Rounding);
        Assert.Equal((expected.Percentile99 * scale) + shift, actual.Percentile99, Rounding);
        Assert.Equal((expected.Maximum * scale) + shift, actual.Maximum, Rounding);
        Assert.Equal((expected.HodgesLehmann * scale) + shift, actual.HodgesLehmann, Rounding);
        Assert.Equal(expected.MedianAbsoluteDeviation * scale, actual.MedianAbsoluteDeviation, Rounding);
        Assert.Equal(expected.Modes.Select(mode => (mode * scale) + shift), actual.Modes, (one, other) => Math.Abs(one - other) < Rounding);
    }
}
