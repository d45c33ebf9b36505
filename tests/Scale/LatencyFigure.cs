// SPDX-License-Identifier: MIT

namespace Kvmsys.Scale;

/// <summary>How long something took, in milliseconds.</summary>
/// <param name="Count">How often it was looked at.</param>
/// <param name="P50">Half of the times it took no longer.</param>
/// <param name="P99">Of 100 times, 99 took no longer.</param>
/// <param name="Most">The longest.</param>
internal sealed record LatencyFigure(int Count, double P50, double P99, double Most);
