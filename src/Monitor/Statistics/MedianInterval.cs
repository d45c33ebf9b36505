// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Statistics;

/// <summary>The confidence interval of a median that assumes nothing about the distribution: it goes from one order statistic to
/// another.</summary>
/// <remarks>How many of n values are below the true median is binomial with probability 1/2 (David and Nagaraja, "Order Statistics",
/// 7.1).</remarks>
public static class MedianInterval
{
    /// <summary>The median of a sample and the narrowest symmetric interval that has the wanted coverage; the widest where none has it, as
    /// for fewer than 6 values and 95 %.</summary>
    /// <param name="values">The sample, in any order.</param>
    /// <param name="confidence">The wanted coverage, 0 to 1.</param>
    /// <exception cref="ArgumentException">There is no value, or one that is infinite or not a number.</exception>
    public static Estimate Of(IReadOnlyList<double> values, double confidence = 0.95)
    {
        double[] sorted = OrderStatistics.Of(values);
        int count = sorted.Length;

        // Binomial coefficients relative to the one in the middle: a large sample's own would be out of a double's range.
        double[] weights = new double[count + 1];
        weights[count / 2] = 1;
        for (int below = count / 2; below > 0; below--)
        {
            weights[below - 1] = weights[below] * below / (count - below + 1);
        }

        for (int below = count / 2; below < count; below++)
        {
            weights[below + 1] = weights[below] * (count - below) / (below + 1);
        }

        // From the middle outwards: the interval between the low-th and the high-th smallest holds when low to high - 1 values are below.
        double total = weights.Sum();
        int low = (count + 1) / 2;
        double coverage = (count % 2 == 0 ? weights[low] : 0) / total;
        while (low > 1 && coverage < confidence)
        {
            low--;
            coverage += (weights[low] + weights[count - low]) / total;
        }

        double median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
        return new(median, sorted[low - 1], sorted[count - low], coverage);
    }
}
