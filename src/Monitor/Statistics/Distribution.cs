// SPDX-License-Identifier: MIT

using Perfolizer.Mathematics.Multimodality;
using Perfolizer.Mathematics.QuantileEstimators;
using Pragmastat;
using Pragmastat.Estimators;

namespace Kvmsys.Monitor.Statistics;

/// <summary>What a sample looks like. Everything but <see cref="Count"/> is in the sample's unit.</summary>
/// <remarks>Percentiles are Hyndman and Fan's type 7 ("Sample Quantiles in Statistical Packages", 1996), which R and NumPy take
/// too.</remarks>
public sealed record Distribution
{
    // The density takes seconds for 100,000 values, and it has but a hundred bins: of a large sample every so many-th value will do.
    private const int MostForModes = 1000;

    private static readonly int[] Percents = [5, 25, 50, 75, 95, 99];

    /// <summary>How many values.</summary>
    public required int Count { get; init; }

    /// <summary>The smallest value.</summary>
    public required double Minimum { get; init; }

    /// <summary>5 % of the values are below.</summary>
    public required double Percentile5 { get; init; }

    /// <summary>A quarter of the values is below.</summary>
    public required double Percentile25 { get; init; }

    /// <summary>Half of the values are below.</summary>
    public required double Median { get; init; }

    /// <summary>Three quarters of the values are below.</summary>
    public required double Percentile75 { get; init; }

    /// <summary>95 % of the values are below.</summary>
    public required double Percentile95 { get; init; }

    /// <summary>99 % of the values are below.</summary>
    public required double Percentile99 { get; init; }

    /// <summary>The largest value.</summary>
    public required double Maximum { get; init; }

    /// <summary>The median of all pairs' averages (Hodges and Lehmann, 1963): robust as the median is, and where noise is normal
    /// a fifth less noisy.</summary>
    public required double HodgesLehmann { get; init; }

    /// <summary>The median of the distances to the median. It is not scaled: a normal distribution's is 0.6745 of its standard
    /// deviation.</summary>
    public required double MedianAbsoluteDeviation { get; init; }

    /// <summary>Where values crowd, in ascending order; more than one when a gap is between the crowds. A sample of fewer than some 50
    /// values hardly ever shows a second one.</summary>
    /// <remarks>Akinshin's lowland method on a quantile-respectful density.</remarks>
    public required IReadOnlyList<double> Modes { get; init; }

    /// <summary>Describes a sample.</summary>
    /// <param name="values">The sample, in any order.</param>
    /// <param name="resolution">The step in which values can differ, in their unit; 0 where there is none. A timer's step would be seen as
    /// a mode per value, so equal values are taken to be spread over one.</param>
    /// <exception cref="ArgumentException">There is no value, or one that is infinite or not a number.</exception>
    public static Distribution Of(IReadOnlyList<double> values, double resolution = 0)
    {
        double[] sorted = OrderStatistics.Of(values);

        // Interpolated between two values that are nearly the same, a percentile may be off by the last digit, and above the next one.
        double least = sorted[0];
        double[] percentiles = [.. Percents.Select(percent => least = Math.Clamp(Percentile(sorted, percent), least, sorted[^1]))];
        double median = percentiles[2];
        return new()
        {
            Count = sorted.Length,
            Minimum = sorted[0],
            Percentile5 = percentiles[0],
            Percentile25 = percentiles[1],
            Median = median,
            Percentile75 = percentiles[3],
            Percentile95 = percentiles[4],
            Percentile99 = percentiles[5],
            Maximum = sorted[^1],
            HodgesLehmann = new CenterEstimator().Estimate(new Sample(sorted)).NominalValue,
            MedianAbsoluteDeviation = Percentile([.. sorted.Select(value => Math.Abs(value - median)).Order()], 50),
            Modes = ModesOf(sorted, resolution),
        };
    }

    private static double Percentile(double[] sorted, int percent) =>
        HyndmanFanQuantileEstimator.Type7.Quantile(new Sample(sorted), percent / 100.0).NominalValue;

    private static double[] ModesOf(double[] sorted, double resolution)
    {
        double[] spread = [.. sorted.CountBy(value => value).SelectMany(tie => Enumerable.Range(0, tie.Value)
            .Select(index => tie.Key + (resolution * (((index + 0.5) / tie.Value) - 0.5))))];
        double[] some = spread.Length <= MostForModes
            ? spread
            : [.. Enumerable.Range(0, MostForModes).Select(index => spread[(int)((index + 0.5) * spread.Length / MostForModes)])];

        // To the density a bin that is narrower than 1e-9 is none, whatever the unit.
        double width = some[^1] - some[0];
        return width == 0
            ? [sorted[0]]
            : [.. new LowlandModalityDetector().DetectModes(new Sample([.. some.Select(value => (value - some[0]) / width)])).Modes
                .Select(mode => some[0] + (width * mode.Location))];
    }
}
