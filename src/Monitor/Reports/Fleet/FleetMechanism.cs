// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>One mechanism on one kernel across CPU models.</summary>
/// <param name="Mechanism">The mechanism.</param>
/// <param name="Profile">The kernel's profile.</param>
/// <param name="Rows">A row for each CPU model that has it, and each verdict that it has there.</param>
/// <param name="Base">The cost that the others are compared with; null where there is none.</param>
public sealed record FleetMechanism(string Mechanism, string Profile, IReadOnlyList<FleetRow> Rows, FleetCost? Base)
{
    private static readonly Estimate Itself = new(1, 1, 1, 1);

    /// <summary>What this is of, for people: for example "int80 on bare".</summary>
    public string Name => $"{Mechanism} on {Profile}";

    /// <summary>Of how many CPU models there is something.</summary>
    public int Cpus => Rows.Select(row => row.Cpu).Distinct().Count();

    /// <summary>The mechanism with the ratios to a base.</summary>
    /// <param name="mechanism">The mechanism.</param>
    /// <param name="profile">The kernel's profile.</param>
    /// <param name="rows">Its rows.</param>
    /// <param name="cpu">The CPU model that the others are compared with. Where it has several verdicts, the best is.</param>
    public static FleetMechanism Of(string mechanism, string profile, IEnumerable<FleetRow> rows, CpuModel cpu)
    {
        FleetRow[] all = [.. rows];
        FleetRow? unit = all.Where(row => row.Cpu == cpu && !row.IsEmulated && row.CoreCycles is not null).MaxBy(row => Spelling.VerdictOf(row.Verdict));
        return new(mechanism, profile, [.. all.Select(row => row with { Ratio = RatioOf(row, unit) })], unit?.CoreCycles);
    }

    private static Estimate? RatioOf(FleetRow row, FleetRow? unit) =>
        unit is null || row.IsEmulated || row.CoreCycles is null ? null
        : row == unit ? Itself
        : row.CoreCycles.RatioTo(unit.CoreCycles!);
}
