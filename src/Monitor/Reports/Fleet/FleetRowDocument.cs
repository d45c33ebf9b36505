// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>What a mechanism costs on a CPU model, in JSON. Figures that are no CPU's are null unless they were asked for.</summary>
public sealed record FleetRowDocument
{
    /// <summary>Name of the CPU model.</summary>
    public required string Cpu { get; init; }

    /// <summary>What its figures are worth.</summary>
    public required string Verdict { get; init; }

    /// <summary>How many hosts have it.</summary>
    public required int Hosts { get; init; }

    /// <summary>How many benches have it.</summary>
    public required int Benches { get; init; }

    /// <summary>Of how many of them the figures are: the stable ones, and the others only where none is stable.</summary>
    public required int Counted { get; init; }

    /// <summary>Whether enough was left to be trusted.</summary>
    public required bool Stable { get; init; }

    /// <summary>A call's cost in core cycles.</summary>
    public FleetCostDocument? CoreCycles { get; init; }

    /// <summary>A call's cost in TSC ticks.</summary>
    public FleetCostDocument? TscTicks { get; init; }

    /// <summary>A call's cost in nanoseconds; null also when the TSC's rate is not known.</summary>
    public FleetCostDocument? Ns { get; init; }

    /// <summary>How many times the base's core cycles these are; null where there is nothing to compare, and for an emulator's.</summary>
    public Estimate? Ratio { get; init; }

    /// <summary>Where its hosts differ by more than their intervals allow; null where they do not.</summary>
    public HostDisagreement? Disagreement { get; init; }

    /// <summary>The document of a row.</summary>
    public static FleetRowDocument Of(FleetRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return new()
        {
            Cpu = row.Cpu.Name,
            Verdict = row.Verdict,
            Hosts = row.Hosts,
            Benches = row.Results.Count,
            Counted = row.Counted.Count,
            Stable = row.Stable,
            CoreCycles = FleetCostDocument.Of(row.CoreCycles, row.IsEmulated),
            TscTicks = FleetCostDocument.Of(row.TscTicks, row.IsEmulated),
            Ns = FleetCostDocument.Of(row.Ns, row.IsEmulated),
            Ratio = row.Ratio,
            Disagreement = row.Disagreement,
        };
    }
}
