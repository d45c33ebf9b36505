// SPDX-License-Identifier: MIT

using FsCheck.Xunit;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Tests.NoDevice.Statistics;

public sealed class ShiftIntervalTests
{
    [Fact]
    public void It_is_Hollander_and_Wolfes()
    {
        // Permeability of a membrane, Hollander and Wolfe (1999), p. 110 and 126; the same by R's wilcox.exact and its reference output.
        double[] term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
        double[] weeks = [1.15, 0.88, 0.90, 0.74, 1.21];
        Estimate shift = ShiftInterval.Of(term, weeks);
        Assert.Equal(-0.305, shift.Value, 1e-9);
        Assert.Equal(-0.76, shift.Low, 1e-9);
        Assert.Equal(0.15, shift.High, 1e-9);
    }

    [Fact]
    public void The_estimate_with_ties_is_StatXacts()
    {
        // StatXact 4's manual, p. 221, diastolic blood pressure. Its interval, -4 to 22, counts ties; Moses' does not, and begins at 0.
        Estimate shift = ShiftInterval.Of([80, 94, 85, 90, 90, 90, 108, 94, 78, 105, 88], [94, 108, 110, 90]);
        Assert.Equal((9.5, 0, 22), (shift.Value, shift.Low, shift.High));
    }

    [Theory]
    [InlineData(1, 1, 0)]
    [InlineData(4, 4, 1 - (2.0 / 70))]
    [InlineData(5, 5, 1 - (2.0 / 252))]
    public void Samples_that_are_too_small_get_all_differences_and_their_coverage(int firstCount, int secondCount, double coverage)
    {
        Estimate shift = ShiftInterval.Of([.. Enumerable.Range(0, firstCount)], [.. Enumerable.Range(100, secondCount)], 0.999);
        Assert.Equal((100 - firstCount + 1, 100 + secondCount - 1), (shift.Low, shift.High));
        Assert.Equal(coverage, shift.Coverage, 1e-12);
    }

    [Property(MaxTest = 1000)]
    public bool Zero_is_in_it_exactly_when_the_p_value_is_not_small(int seed, byte first, byte second, byte percent)
    {
        Random random = new(seed);
        double[] before = Noise.Sample("normal", random, (first % 15) + 1);
        double[] after = [.. Noise.Sample("normal", random, (second % 15) + 1).Select(value => value + (seed % 4))];
        double significance = ((percent % 20) + 0.5) / 100;
        Estimate shift = ShiftInterval.Of(before, after, 1 - significance);
        bool isTooSmall = MannWhitney.SmallestPValue(before.Length, after.Length) > significance;
        return isTooSmall || (shift.Low > 0 || shift.High < 0) == MannWhitney.PValue(before, after) <= significance;
    }

    [Property]
    public bool It_goes_with_the_values(int seed)
    {
        Random random = new(seed);
        double[] before = Noise.Sample("skewed", random, 12);
        double[] after = Noise.Sample("heavy-tailed", random, 9);
        Estimate shift = ShiftInterval.Of(before, after);
        Estimate moved = ShiftInterval.Of([.. before.Select(value => value * 2)], [.. after.Select(value => (value + 5) * 2)]);
        Estimate reversed = ShiftInterval.Of(after, before);
        return AreClose(((shift.Low + 5) * 2, (shift.Value + 5) * 2, (shift.High + 5) * 2), (moved.Low, moved.Value, moved.High))
            && AreClose((-shift.High, -shift.Value, -shift.Low), (reversed.Low, reversed.Value, reversed.High));
    }

    [Theory]
    [InlineData(10, 10)]
    [InlineData(25, 30)]
    public void It_holds_the_true_shift_as_often_as_it_says(int firstCount, int secondCount)
    {
        const int Trials = 5_000;
        Random random = new(21);
        int held = 0;
        double coverage = 0;
        for (int trial = 0; trial < Trials; trial++)
        {
            double[] after = [.. Noise.Sample("bimodal", random, secondCount).Select(value => value + 3)];
            Estimate shift = ShiftInterval.Of(Noise.Sample("bimodal", random, firstCount), after);
            held += shift.Low <= 3 && shift.High >= 3 ? 1 : 0;
            coverage = shift.Coverage;
        }

        Assert.InRange(coverage, 0.95, 0.96);
        Assert.Equal(coverage, (double)held / Trials, 4 * Math.Sqrt(coverage * (1 - coverage) / Trials));
    }

    private static bool AreClose((double Low, double Value, double High) one, (double Low, double Value, double High) other) =>
        Math.Abs(one.Low - other.Low) < 1e-9 && Math.Abs(one.Value - other.Value) < 1e-9 && Math.Abs(one.High - other.High) < 1e-9;
}
