// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.History;

/// <summary>Where in a series the cost changed.</summary>
/// <param name="From">The first entry of the new level.</param>
/// <param name="Time">When that was measured.</param>
/// <param name="Shift">How many core cycles more it is than before.</param>
/// <param name="Ratio">How many times as much; null where a cost is 0.</param>
/// <param name="PValue">The two-sided p value of Mann and Whitney's test of the two levels.</param>
/// <param name="AlsoChanged">What else changed there, a few words each: between the last entry before and the first one after, or one entry beside them where noise may have hidden it.</param>
public sealed record HistoryChange(
    long From, DateTimeOffset Time, Estimate Shift, Estimate? Ratio, double PValue, IReadOnlyList<string> AlsoChanged)
{
    /// <summary>True where the figures are no CPU's; not there otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Emulated { get; init; }
}
