// SPDX-License-Identifier: MIT

using FsCheck.Xunit;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Tests.NoDevice.Statistics;

public sealed class ChangePointsTests
{
    [Fact]
    public void A_new_level_starts_at_its_first_value() =>
        Assert.Equal([10, 25], ChangePoints.Of([.. Enumerable.Range(0, 40).Select(index => index < 10 ? 0.0 : index < 25 ? 1 : 2)]));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(9)]
    public void A_short_series_has_one_level(int count) =>
        Assert.Empty(ChangePoints.Of([.. Enumerable.Range(0, count).Select(index => index < 5 ? 1.0 : 2.0)]));

    [Theory]
    [InlineData("normal")]
    [InlineData("heavy-tailed")]
    [InlineData("skewed")]
    public void Noise_alone_hardly_ever_looks_like_a_change(string shape)
    {
        int changed = Enumerable.Range(0, 200).Count(seed => ChangePoints.Of(Noise.Sample(shape, new Random(seed), 60)).Count > 0);
        Assert.True(changed <= 4, $"{changed} of 200 series that do not change.");
    }

    [Theory]
    [InlineData("normal")]
    [InlineData("heavy-tailed")]
    public void A_change_of_3_percent_is_found_where_it_is(string shape) => Assert.All(Enumerable.Range(0, 100), seed =>
    {
        double[] noise = Noise.Sample(shape, new Random(seed), 60, Noise.Deviation / 2);
        double[] series = [.. noise.Select((value, index) => index < 35 ? value : value * 1.03)];
        Assert.Contains(ChangePoints.Of(series), index => Math.Abs(index - 35) <= 3);
    });

    [Property]
    public bool Another_unit_and_another_zero_change_nothing(int seed)
    {
        double[] series = [.. Noise.Sample("normal", new Random(seed), 40).Select((value, index) => index < 20 ? value : value + 5)];
        return ChangePoints.Of(series).SequenceEqual(ChangePoints.Of([.. series.Select(value => (value * 4) - 100)]));
    }
}
