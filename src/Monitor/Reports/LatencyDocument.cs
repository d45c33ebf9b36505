// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Machine;

namespace Kvmsys.Monitor.Reports;

/// <summary>What each of many calls took, in JSON.</summary>
public sealed record LatencyDocument
{
    /// <summary>Name and version of this schema; a field is never taken away within a version.</summary>
    public string Schema { get; init; } = "kvmsys.latency/1";

    /// <summary>Version of kvmsys.</summary>
    public required string Version { get; init; }

    /// <summary>The least of the results' verdicts.</summary>
    public required string Verdict { get; init; }

    /// <summary>Whether as many calls were made of all that was to be measured as were asked for.</summary>
    public required bool Complete { get; init; }

    /// <summary>Calls that were asked for, of each.</summary>
    public required long CallsWanted { get; init; }

    /// <summary>The host.</summary>
    public required HostDocument Host { get; init; }

    /// <summary>What the host granted.</summary>
    public required GrantedPlacement Placement { get; init; }

    /// <summary>Decided frames and process identifier.</summary>
    public required int Seed { get; init; }

    /// <summary>The loop alone, and the mechanism.</summary>
    public required IReadOnlyList<CallTimesDocument> Results { get; init; }

    /// <summary>The document of a report.</summary>
    public static LatencyDocument Of(LatencyReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return new LatencyDocument
        {
            Version = report.Host.Version,
            Verdict = Spelling.Of(report.Verdict),
            Complete = report.IsComplete,
            CallsWanted = report.CallsWanted,
            Host = HostDocument.Of(report.Host),
            Placement = report.Placed,
            Seed = report.Seed,
            Results = [.. report.Results.Select(result => CallTimesDocument.Of(report, result))],
        };
    }
}
