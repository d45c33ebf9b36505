// SPDX-License-Identifier: MIT

using Perfolizer.Mathematics.Cpd;

namespace Kvmsys.Monitor.Statistics;

/// <summary>Where in a series of measurements that were made one after another something has changed.</summary>
/// <remarks>ED-PELT, which assumes nothing about the distribution (Haynes, Fearnhead and Eckley, "A computationally efficient nonparametric
/// approach for changepoint detection", 2017).</remarks>
public static class ChangePoints
{
    /// <summary>Values on either side of a change with which it is usually found.</summary>
    public const int FewestToFind = 8;

    // With fewer, an outlier and its neighbours would pass for a level.
    private const int ShortestLevel = 5;

    // With the penalty as it was published every third series of noise has a change in it; with twice that, one in a hundred. A shift by
    // three deviations in the middle of a series of 20 is found all the same.
    private const double PenaltyFactor = 2;

    /// <summary>The indices at which a new level starts, in ascending order. A change takes some 8 values on either side to be found,
    /// a level between two equal ones some 12.</summary>
    /// <param name="series">The values, in the order of time.</param>
    public static IReadOnlyList<int> Of(IReadOnlyList<double> series)
    {
        ArgumentNullException.ThrowIfNull(series);
        return [.. new Detector().GetChangePointIndexes([.. series], ShortestLevel).Select(last => last + 1)];
    }

    private sealed class Detector : PeltChangePointDetector
    {
        public override ICostCalculator CreateCostCalculator(double[] data) => new Cost(new EdPeltChangePointDetector.CostCalculator(data));
    }

    private sealed class Cost(EdPeltChangePointDetector.CostCalculator published) : PeltChangePointDetector.ICostCalculator
    {
        public double Penalty => PenaltyFactor * published.Penalty;

        public double GetCost(int tau0, int tau1, int tau2) => published.GetCost(tau0, tau1, tau2);
    }
}
