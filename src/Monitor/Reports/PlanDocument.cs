// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Measurement;

namespace Kvmsys.Monitor.Reports;

/// <summary>A bench's plan in JSON.</summary>
public sealed record PlanDocument
{
    /// <summary>The same for every bench that measures the same in the same way, whatever its seed.</summary>
    public required string Hash { get; init; }

    /// <summary>Decided all that is random.</summary>
    public required int Seed { get; init; }

    /// <summary>Times that every machine was made anew.</summary>
    public required int Sessions { get; init; }

    /// <summary>Runs of each path in a session.</summary>
    public required int RunsPerSession { get; init; }

    /// <summary>Batches in a run.</summary>
    public required int BatchesPerRun { get; init; }

    /// <summary>Where in their cache lines loop and entry start, in bytes.</summary>
    public required IReadOnlyList<int> Alignments { get; init; }

    /// <summary>Mechanisms that were asked for and are not there, with the reason.</summary>
    public required IReadOnlyList<AbsentDocument> Absent { get; init; }

    /// <summary>The document of a plan.</summary>
    public static PlanDocument Of(BenchPlan plan) => new()
    {
        Hash = plan.Hash,
        Seed = plan.Seed,
        Sessions = plan.Protocol.Sessions,
        RunsPerSession = plan.Protocol.Runs,
        BatchesPerRun = Protocol.Batches,
        Alignments = plan.Protocol.Alignments,
        Absent = [.. plan.Absent.Select(absent => new AbsentDocument(Spelling.Of(absent.Profile), Spelling.Of(absent.Mechanism, absent.Mitigation), absent.Reason))],
    };
}
