// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>Benches of many hosts in JSON.</summary>
public sealed record FleetDocument
{
    /// <summary>Name and version of this schema; a field is never taken away within a version.</summary>
    public string Schema { get; init; } = "kvmsys.fleet/1";

    /// <summary>Name of the CPU model that the others are compared with.</summary>
    public required string Base { get; init; }

    /// <summary>The CPU models, in the order in which they came.</summary>
    public required IReadOnlyList<FleetCpuDocument> Cpus { get; init; }

    /// <summary>The benches, in the order in which they came.</summary>
    public required IReadOnlyList<FleetBenchDocument> Benches { get; init; }

    /// <summary>What each mechanism costs on each CPU model.</summary>
    public required IReadOnlyList<FleetMechanismDocument> Results { get; init; }

    /// <summary>What to know before believing it.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>The document of a comparison.</summary>
    public static FleetDocument Of(FleetComparison comparison)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        return new()
        {
            Base = comparison.Base.Name,
            Cpus = [.. comparison.Cpus.Select(FleetCpuDocument.Of)],
            Benches = [.. comparison.Benches.Select(FleetBenchDocument.Of)],
            Results = [.. comparison.Mechanisms.Select(FleetMechanismDocument.Of)],
            Warnings = comparison.Warnings,
        };
    }
}
