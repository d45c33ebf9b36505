// SPDX-License-Identifier: MIT

using FsCheck.Xunit;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Tests.NoDevice.Statistics;

public sealed class ComparisonTests
{
    // As many sessions as a quick comparison has.
    private const int Sessions = 10;

    private const int Trials = 1_000;

    [Theory]
    [InlineData("normal")]
    [InlineData("heavy-tailed")]
    [InlineData("skewed")]
    [InlineData("bimodal")]
    public void A_against_A_gives_at_most_one_false_alarm_in_a_hundred(string shape)
    {
        Random random = new(Seed: 4);
        int alarms = Enumerable.Range(0, Trials).Count(_ =>
            Comparison.Of(Noise.Sample(shape, random, Sessions), Noise.Sample(shape, random, Sessions)).Finding
                is Finding.Slower or Finding.Faster);
        Assert.True(alarms <= Trials / 100, $"{alarms} false alarms in {Trials} comparisons.");
    }

    [Fact]
    public void Quiet_A_against_A_is_found_the_same()
    {
        Random random = new(Seed: 5);
        int same = Enumerable.Range(0, Trials).Count(_ =>
            Comparison.Of(Noise.Sample("normal", random, Sessions), Noise.Sample("normal", random, Sessions)).Finding == Finding.Same);
        Assert.True(same >= Trials * 95 / 100, $"{same} of {Trials} were found the same.");
    }

    [Theory]
    [InlineData("normal", 1.03, Finding.Slower)]
    [InlineData("normal", 0.97, Finding.Faster)]
    [InlineData("skewed", 1.03, Finding.Slower)]
    [InlineData("heavy-tailed", 1.03, Finding.Slower)]
    public void A_change_of_3_percent_is_found(string shape, double factor, Finding finding)
    {
        Random random = new(Seed: 6);
        int found = Enumerable.Range(0, Trials).Count(_ =>
        {
            double[] after = [.. Noise.Sample(shape, random, Sessions).Select(value => value * factor)];
            return Comparison.Of(Noise.Sample(shape, random, Sessions), after).Finding == finding;
        });
        Assert.True(found >= Trials * 95 / 100, $"{found} of {Trials} were found.");
    }

    [Theory]
    [InlineData(600, 604, Finding.Same)]
    [InlineData(600, 608, Finding.Slower)]
    [InlineData(600, 592, Finding.Faster)]
    [InlineData(50, 50.8, Finding.Same)]
    [InlineData(50, 51.2, Finding.Slower)]
    [InlineData(50, 48.8, Finding.Faster)]
    public void A_change_counts_when_it_is_more_than_1_percent_and_more_than_1_cycle(double before, double after, Finding finding) =>
        Assert.Equal(finding, Comparison.Of(Around(before, Sessions), Around(after, Sessions)).Finding);

    [Fact]
    public void The_thresholds_are_the_callers()
    {
        Assert.Equal(Finding.Slower, Comparison.Of(Around(600, Sessions), Around(604, Sessions), thresholdRatio: 0.005).Finding);
        Assert.Equal(Finding.Same, Comparison.Of(Around(50, Sessions), Around(51.2, Sessions), thresholdAbsolute: 2).Finding);
        Assert.Equal(6, Comparison.Of(Around(600, Sessions), Around(604, Sessions)).Threshold, 1e-9);
        Assert.Equal(1, Comparison.Of(Around(50, Sessions), Around(51, Sessions)).Threshold);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 4)]
    [InlineData(2, 18)]
    public void So_few_values_decide_nothing_however_far_apart(int firstCount, int secondCount)
    {
        Assert.Equal(Finding.Undecided, Comparison.Of(Around(600, firstCount), Around(900, secondCount)).Finding);
        Assert.Equal(Finding.Undecided, Comparison.Of(Around(600, firstCount), Around(600, secondCount)).Finding);
    }

    [Fact]
    public void Five_values_a_side_are_the_fewest_that_decide() =>
        Assert.Equal(Finding.Slower, Comparison.Of(Around(600, 5), Around(900, 5)).Finding);

    [Fact]
    public void Noise_that_could_hide_a_change_leaves_it_undecided()
    {
        double[] noisy = [560, 570, 580, 590, 600, 610, 620, 630, 640, 650];
        Comparison comparison = Comparison.Of(noisy, noisy);
        Assert.Equal((0, 1, Finding.Undecided), (comparison.Shift.Value, comparison.PValue, comparison.Finding));
    }

    [Fact]
    public void A_sure_change_that_may_be_larger_than_the_threshold_or_not_is_undecided()
    {
        // All of the new values are higher, by 2 to 10, of which 6 matter.
        Comparison comparison = Comparison.Of(Around(600, Sessions, 4), Around(605.9, Sessions, 4));
        Assert.True(comparison.PValue < Comparison.Significance && comparison.Shift is { Low: > 0, Value: < 6, High: > 6 });
        Assert.Equal(Finding.Undecided, comparison.Finding);
    }

    [Fact]
    public void An_interval_that_has_no_change_in_it_decides_nothing_even_if_the_p_value_is_small()
    {
        // Ties: 20 of the 100 differences are 0, and none is below.
        Comparison comparison = Comparison.Of(
            [90, 91, 92, 93, 94, 95, 100, 100, 100, 100], [100, 100, 100, 100, 100, 110, 111, 112, 113, 114]);
        Assert.True(comparison.PValue < Comparison.Significance && comparison.Shift.Value > comparison.Threshold);
        Assert.Equal((0, Finding.Undecided), (comparison.Shift.Low, comparison.Finding));
    }

    [Fact]
    public void The_ratio_is_that_of_the_pairs()
    {
        // Pragmastat's manual: the ratio of 1, 2, 4, 8, 16 to 2, 4, 8, 16, 32 is 0.5.
        Comparison comparison = Comparison.Of([2, 4, 8, 16, 32], [1, 2, 4, 8, 16]);
        Assert.Equal(0.5, comparison.Ratio!.Value, 1e-12);
        Assert.Equal((1.0 / 32, 8), (comparison.Ratio.Low, comparison.Ratio.High), (one, other) =>
            Math.Abs(one.Item1 - other.Item1) < 1e-12 && Math.Abs(one.Item2 - other.Item2) < 1e-12);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void What_is_not_positive_has_no_ratio(double value)
    {
        Assert.Null(Comparison.Of([value, 1, 2], [1, 2, 3]).Ratio);
        Assert.Null(Comparison.Of([1, 2, 3], [value, 1, 2]).Ratio);
    }

    [Property]
    public bool The_other_way_round_the_finding_is_the_opposite(int seed, byte shift)
    {
        Random random = new(seed);
        double[] before = Noise.Sample("normal", random, Sessions);
        double[] after = [.. Noise.Sample("skewed", random, Sessions).Select(value => value + (shift % 20))];

        // With the threshold of each side's own median, a change near it could be one way only.
        Comparison there = Comparison.Of(before, after, 0, 6);
        Comparison back = Comparison.Of(after, before, 0, 6);
        return Math.Abs(there.PValue - back.PValue) < 1e-12
            && Math.Abs((there.Ratio!.Value * back.Ratio!.Value) - 1) < 1e-12
            && back.Finding == there.Finding switch
            {
                Finding.Slower => Finding.Faster,
                Finding.Faster => Finding.Slower,
                _ => there.Finding,
            };
    }

    private static double[] Around(double middle, int count, double width = 0.1) =>
        [.. Enumerable.Range(0, count).Select(index => middle + (count == 1 ? 0 : width * (((double)index / (count - 1)) - 0.5)))];
}
