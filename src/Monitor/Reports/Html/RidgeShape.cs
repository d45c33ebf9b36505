// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports.Html;

/// <summary>
/// How often what costs what, as far as some distributions tell: between two of its percentiles a distribution is taken to be even, and the steps
/// at them are smoothed.
/// </summary>
internal sealed class RidgeShape
{
    // Which part of the values lies between two neighbouring percentiles of a distribution.
    private static readonly double[] Shares = [0.05, 0.20, 0.25, 0.25, 0.20, 0.04, 0.01];

    // The kernel's half width: no sharper than a line is wide, and a third of what half of the values need.
    private const double LeastHalfWidth = 3.5;
    private const double PartOfMiddleHalf = 0.35;

    private readonly List<(double From, double To, double Share, double HalfWidth)> _pieces = [];

    /// <summary>The shape of some distributions, each of the same weight.</summary>
    /// <param name="distributions">The distributions.</param>
    /// <param name="placeOf">Where in the chart a value is.</param>
    public RidgeShape(IReadOnlyList<Distribution> distributions, Func<double, double> placeOf)
    {
        foreach (Distribution all in distributions)
        {
            double[] places =
            [
                .. new[] { all.Minimum, all.Percentile5, all.Percentile25, all.Median, all.Percentile75, all.Percentile95, all.Percentile99, all.Maximum }.Select(placeOf),
            ];
            double halfWidth = Math.Max(LeastHalfWidth, PartOfMiddleHalf * (places[4] - places[2]));
            _pieces.AddRange(Shares.Select((share, index) => (places[index], places[index + 1], share / distributions.Count, halfWidth)));
        }
    }

    /// <summary>How much there is at a place, for each unit of the chart's.</summary>
    public double At(double place)
    {
        double sum = 0;
        foreach ((double from, double to, double share, double halfWidth) in _pieces)
        {
            // What is all at one place is as wide as the kernel.
            double width = to - from;
            sum += width < 1e-6
                ? share * Kernel((place - from) / halfWidth) / halfWidth
                : share * (KernelUpTo((place - from) / halfWidth) - KernelUpTo((place - to) / halfWidth)) / width;
        }

        return sum;
    }

    // Epanechnikov's, which is nothing outside of -1 to 1, and its integral.
    private static double Kernel(double x) => Math.Abs(x) >= 1 ? 0 : 0.75 * (1 - (x * x));

    private static double KernelUpTo(double x) => x <= -1 ? 0 : x >= 1 ? 1 : 0.25 * (2 + (3 * x) - (x * x * x));
}
