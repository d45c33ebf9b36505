// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Statistics;

/// <summary>A sample in order. What is not a sample is refused here, before anything is computed from it.</summary>
internal static class OrderStatistics
{
    /// <summary>A sample's values in ascending order.</summary>
    /// <exception cref="ArgumentException">There is no value, or one that is infinite or not a number.</exception>
    public static double[] Of(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Count == 0 || !values.All(double.IsFinite))
        {
            throw new ArgumentException("A sample is one or more finite values.", nameof(values));
        }

        return [.. values.Order()];
    }
}
