// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>What one mechanism on one kernel costs on one CPU model, as far as its benches have the same verdict: an emulator's cost is never put together
/// with a CPU's, nor a virtual machine's with bare metal's.</summary>
public sealed record FleetRow
{
    /// <summary>The CPU model.</summary>
    public required CpuModel Cpu { get; init; }

    /// <summary>What its figures are worth.</summary>
    public required string Verdict { get; init; }

    /// <summary>What its benches have.</summary>
    public required IReadOnlyList<FleetResult> Results { get; init; }

    /// <summary>Those of them that its figures are of: the stable ones, and the others only where none is stable.</summary>
    public required IReadOnlyList<FleetResult> Counted { get; init; }

    /// <summary>A call's cost in core cycles; null where there is none, or none may be shown.</summary>
    public required FleetCost? CoreCycles { get; init; }

    /// <summary>A call's cost in TSC ticks.</summary>
    public required FleetCost? TscTicks { get; init; }

    /// <summary>A call's cost in nanoseconds; null also where the TSC's rate is not known.</summary>
    public required FleetCost? Ns { get; init; }

    /// <summary>Where its hosts differ in core cycles by more than their intervals allow; null where they do not, and for an emulator.</summary>
    public HostDisagreement? Disagreement { get; init; }

    /// <summary>How many times the base's core cycles these are; null where there is nothing to compare, and for an emulator's.</summary>
    public Estimate? Ratio { get; init; }

    /// <summary>How many hosts have it.</summary>
    public int Hosts => Results.Select(result => result.From.Host).Distinct().Count();

    /// <summary>Whether enough was left to be trusted.</summary>
    public bool Stable => Counted[0].Result.Stable;

    /// <summary>Whether it is not proved that a CPU did it.</summary>
    public bool IsEmulated => Verdict == Spelling.Of(Measurement.Verdict.Emulated);

    /// <summary>What this is of, for people: the CPU, and the verdict where it is not simply the CPU's.</summary>
    public string Name => Verdict == Spelling.Of(Measurement.Verdict.Hardware) ? Cpu.Name : $"{Cpu.Name}, {Verdict}";

    /// <summary>The row of some results.</summary>
    /// <param name="cpu">Their CPU model.</param>
    /// <param name="verdict">Their verdict.</param>
    /// <param name="results">One or more of them.</param>
    public static FleetRow Of(CpuModel cpu, string verdict, IReadOnlyList<FleetResult> results)
    {
        FleetResult[] stable = [.. results.Where(result => result.Result.Stable)];
        IReadOnlyList<FleetResult> counted = stable.Length > 0 ? stable : results;
        FleetRow row = new()
        {
            Cpu = cpu,
            Verdict = verdict,
            Results = results,
            Counted = counted,
            CoreCycles = FleetCost.Of(counted.Select(result => result.Result.CoreCycles)),
            TscTicks = FleetCost.Of(counted.Select(result => result.Result.TscTicks)),
            Ns = FleetCost.Of(counted.Select(result => result.Result.Ns)),
        };

        // What an emulator costs is nobody's concern.
        return row.IsEmulated ? row : row with
        {
            Disagreement = HostDisagreement.Of(counted.GroupBy(result => result.From.Host)
                .Select(host => (host.Key, FleetCost.Of(host.Select(result => result.Result.CoreCycles))))),
        };
    }
}
