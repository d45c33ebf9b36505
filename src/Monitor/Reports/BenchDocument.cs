// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Machine;

namespace Kvmsys.Monitor.Reports;

/// <summary>A bench in JSON.</summary>
public sealed record BenchDocument
{
    /// <summary>Name and version of this schema; a field is never taken away within a version.</summary>
    public string Schema { get; init; } = "kvmsys.bench/2";

    /// <summary>Version of kvmsys.</summary>
    public required string Version { get; init; }

    /// <summary>The least of the results' verdicts.</summary>
    public required string Verdict { get; init; }

    /// <summary>Whether all that was planned was measured.</summary>
    public required bool Complete { get; init; }

    /// <summary>Whether enough was left of every result to be trusted.</summary>
    public required bool Stable { get; init; }

    /// <summary>The host.</summary>
    public required HostDocument Host { get; init; }

    /// <summary>What was to be done.</summary>
    public required PlanDocument Plan { get; init; }

    /// <summary>What the host granted the vCPUs' threads.</summary>
    public required GrantedPlacement Placement { get; init; }

    /// <summary>Seconds of the whole bench, and of them those that went into making machines and those in runs.</summary>
    public required IReadOnlyDictionary<string, double> Seconds { get; init; }

    /// <summary>The results.</summary>
    public required IReadOnlyList<MechanismDocument> Results { get; init; }

    /// <summary>What mitigations and the host's Linux add.</summary>
    public IReadOnlyList<DifferenceDocument> Differences { get; init; } = [];

    /// <summary>The document of a report.</summary>
    public static BenchDocument Of(BenchReport report) => new()
    {
        Version = report.Host.Version,
        Verdict = Spelling.Of(report.Verdict),
        Complete = report.IsComplete,
        Stable = !report.Unstable.Any(),
        Host = HostDocument.Of(report.Host),
        Plan = PlanDocument.Of(report.Plan),
        Placement = report.Placed,
        Seconds = new Dictionary<string, double>
        {
            ["all"] = report.Elapsed.TotalSeconds,
            ["setUp"] = report.SetUpTime.TotalSeconds,
            ["guest"] = report.GuestTime.TotalSeconds,
        },
        Results = [.. report.Results.Select(result => MechanismDocument.Of(report, result))],
        Differences = [.. report.Differences.Select(DifferenceDocument.Of)],
    };
}
