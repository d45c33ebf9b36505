// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Statistics;

/// <summary>A value that was estimated from a sample, and the confidence interval around it, in the sample's unit.</summary>
/// <param name="Value">The estimate itself.</param>
/// <param name="Low">Lower end of the interval.</param>
/// <param name="High">Upper end of the interval.</param>
/// <param name="Coverage">How often such an interval has the true value in it, 0 to 1. It may be less than was wanted, where the sample is
/// too small for it; 0 is a single value, whose interval says nothing.</param>
public sealed record Estimate(double Value, double Low, double High, double Coverage)
{
    /// <summary>Half of the interval's width, in the sample's unit.</summary>
    public double HalfWidth => (High - Low) / 2;
}
