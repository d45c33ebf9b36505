// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Kvmsys.Monitor.Statistics;

/// <summary>How many digits of a value mean something: down to the first one that its interval makes uncertain.</summary>
public static class Digits
{
    // Beyond a thousandth nothing is measured here, even if all values happen to be equal.
    private const int Most = 3;

    /// <summary>How many decimals: the last is the first significant digit of the interval's half width. 0 to 3, and 0 for a single value,
    /// whose interval says nothing.</summary>
    public static int Decimals(Estimate estimate)
    {
        ArgumentNullException.ThrowIfNull(estimate);
        return estimate.Coverage == 0 ? 0 : (int)Math.Clamp(-Math.Floor(Math.Log10(estimate.HalfWidth)), 0, Most);
    }

    /// <summary>The value with so many decimals.</summary>
    public static string Format(Estimate estimate)
    {
        ArgumentNullException.ThrowIfNull(estimate);
        return estimate.Value.ToString($"F{Decimals(estimate)}", CultureInfo.InvariantCulture);
    }

    /// <summary>Half of the interval's width, with as many decimals as the value; empty for a single value, whose interval says nothing.</summary>
    public static string FormatHalfWidth(Estimate estimate)
    {
        ArgumentNullException.ThrowIfNull(estimate);
        return estimate.Coverage == 0 ? "" : estimate.HalfWidth.ToString($"F{Decimals(estimate)}", CultureInfo.InvariantCulture);
    }
}
