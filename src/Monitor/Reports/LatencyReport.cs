// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Measurement;

namespace Kvmsys.Monitor.Reports;

/// <summary>What each of many calls took, and the host that it is from.</summary>
public sealed record LatencyReport
{
    /// <summary>The percentiles that are told, beside the least and the greatest.</summary>
    public static readonly IReadOnlyList<double> Percentiles = [50, 75, 90, 99, 99.9, 99.99, 99.999];

    /// <summary>The host.</summary>
    public required HostEnvironment Host { get; init; }

    /// <summary>The loop alone, which tells the timer's own time and the CPU's own gaps, and then the mechanism, unless that is the loop.</summary>
    public required IReadOnlyList<LatencyResult> Results { get; init; }

    /// <summary>What was to be measured.</summary>
    public required EntryPath Path { get; init; }

    /// <summary>Calls that were asked for, of each.</summary>
    public required long CallsWanted { get; init; }

    /// <summary>Whether all of them were made.</summary>
    public bool IsComplete => Results[^1].Path == Path && Results.All(result => result.Ticks.TotalCount >= CallsWanted);

    /// <summary>What the host granted.</summary>
    public required GrantedPlacement Placed { get; init; }

    /// <summary>Decided frames and process identifier.</summary>
    public required int Seed { get; init; }

    /// <summary>Whether figures are shown that are no CPU's.</summary>
    public required bool ShowEmulated { get; init; }

    /// <summary>The least of the results' verdicts.</summary>
    public Verdict Verdict => Results.Min(result => result.Proof.Verdict);

    /// <summary>The evidence behind <see cref="Verdict"/>.</summary>
    public IReadOnlyList<Evidence> Evidence => Results.First(result => result.Proof.Verdict == Verdict).Proof.Evidence;

    /// <summary>Whether figures may be shown.</summary>
    public bool ShowsFigures => ShowEmulated || Verdict != Verdict.Emulated;

    /// <summary>The TSC ticks below or at which so much of a result's calls are.</summary>
    /// <param name="result">The result.</param>
    /// <param name="percentile">0 to 100.</param>
    public static long TicksAt(LatencyResult result, double percentile)
    {
        ArgumentNullException.ThrowIfNull(result);
        return result.Ticks.GetValueAtPercentile(percentile);
    }
}
