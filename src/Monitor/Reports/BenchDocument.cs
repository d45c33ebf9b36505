// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Reports;

/// <summary>A bench in JSON.</summary>
public sealed record BenchDocument
{
    /// <summary>Name and version of this schema; a field is never taken away within a version.</summary>
    public string Schema { get; init; } = "kvmsys.bench/1";

    /// <summary>Version of kvmsys.</summary>
    public required string Version { get; init; }

    /// <summary>The least of the results' verdicts.</summary>
    public required string Verdict { get; init; }

    /// <summary>Whether all that was planned was measured.</summary>
    public required bool Complete { get; init; }

    /// <summary>The host.</summary>
    public required HostDocument Host { get; init; }

    /// <summary>The measurements.</summary>
    public required IReadOnlyList<CallDocument> Results { get; init; }

    /// <summary>The document of a report.</summary>
    public static BenchDocument Of(BenchReport report) => new()
    {
        Version = report.Host.Version,
        Verdict = Spelling.Of(report.Verdict),
        Complete = report.Results.Count == report.Planned,
        Host = HostDocument.Of(report.Host),
        Results = [.. report.Results.Select(result => CallDocument.Of(result, report.SpeedUp(result)))],
    };
}
