// SPDX-License-Identifier: MIT

using System.Globalization;
using FsCheck.Xunit;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Tests.NoDevice.Statistics;

public sealed class DigitsTests
{
    [Theory]
    [InlineData(613.8234, 0.34, "613.8")]
    [InlineData(613.8234, 0.11, "613.8")]
    [InlineData(613.8234, 0.099, "613.82")]
    [InlineData(613.8234, 0.011, "613.82")]
    [InlineData(613.8234, 0.004, "613.823")]
    [InlineData(613.8234, 0.0000004, "613.823")]
    [InlineData(613.8234, 0, "613.823")]
    [InlineData(613.8234, 1.1, "614")]
    [InlineData(613.8234, 9.99, "614")]
    [InlineData(613.8234, 12, "614")]
    [InlineData(613.8234, 5000, "614")]
    [InlineData(-0.96, 0.2, "-1.0")]
    public void Digits_end_with_the_first_uncertain_one(double value, double halfWidth, string expected) =>
        Assert.Equal(expected, Digits.Format(new(value, value - halfWidth, value + halfWidth, 0.95)));

    [Fact]
    public void The_half_width_has_the_values_decimals_and_is_not_there_for_a_single_value()
    {
        Assert.Equal("0.3", Digits.FormatHalfWidth(new(613.8234, 613.5, 614.18, 0.95)));
        Assert.Equal("12", Digits.FormatHalfWidth(new(614, 602, 626, 0.95)));
        Assert.Equal("", Digits.FormatHalfWidth(MedianInterval.Of([613.8234])));
    }

    [Fact]
    public void A_single_value_gets_whole_units() => Assert.Equal("614", Digits.Format(MedianInterval.Of([613.8234])));

    [Property]
    public bool What_is_left_out_is_less_than_the_interval_or_a_thousandth(int seed, byte size)
    {
        Estimate median = MedianInterval.Of(Noise.Sample("normal", new Random(seed), size + 2, deviation: 0.5));
        double left = Math.Abs(median.Value - double.Parse(Digits.Format(median), CultureInfo.InvariantCulture));
        return left <= Math.Max(median.HalfWidth, 0.0005 + 1e-9);
    }
}
