// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Tests.NoDevice.Statistics;

public sealed class ClockStepTests
{
    [Theory]
    [InlineData(24.45)]
    [InlineData(36)]
    [InlineData(20.81)]
    [InlineData(7.5)]
    public void A_clock_that_steps_is_found_out_whatever_the_fraction(double step)
    {
        // Readings at times that have nothing to do with the step.
        Random random = new(1);
        long Read(double ticks) => (long)Math.Floor(Math.Floor(ticks / step) * step);
        long[] differences =
        [
            .. from _ in Enumerable.Range(0, 2000)
               let start = random.NextDouble() * 1e9
               select Read(start + (2 * step) + (random.NextDouble() * step * 20)) - Read(start),
        ];
        Assert.Equal(step, ClockStep.Of(differences), tolerance: 0.03);
    }

    [Fact]
    public void A_clock_that_counts_every_tick_or_every_other_has_none_wherever_its_times_begin()
    {
        for (int start = 10; start < 70; start++)
        {
            foreach (int step in new[] { 1, 2 })
            {
                foreach (int count in new[] { 6, 20, 400 })
                {
                    Assert.Equal(1, ClockStep.Of(Enumerable.Range(0, count).Select(index => (long)start + (step * index))));
                }
            }
        }
    }

    [Theory]
    [InlineData(new long[0])]
    [InlineData(new long[] { 0, 0 })]
    [InlineData(new long[] { 50, 50, 50 })]
    [InlineData(new long[] { 49, 98, 147 })]
    public void Too_few_values_show_none(long[] differences) => Assert.Equal(1, ClockStep.Of(differences));
}
