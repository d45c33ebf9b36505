// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>What people are told of each row, column by column: in a terminal and on a page the same, to the last digit.</summary>
public static class FleetColumns
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>The columns' names, behind that of the CPU; a name may have two lines.</summary>
    public static IReadOnlyList<string> Names { get; } = ["hosts", "benches", "core\ncycles", "+-", "ns", "TSC\nticks", "ratio"];

    /// <summary>Which of the columns is the cost.</summary>
    public const int Cost = 2;

    /// <summary>A row's figures; empty where there is none, but for the cost, which says why.</summary>
    public static IReadOnlyList<string> Of(FleetRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        string[] counts = [row.Hosts.ToString(Invariant), row.Counted.Count.ToString(Invariant)];
        if (row.CoreCycles is not FleetCost cycles)
        {
            return [.. counts, row.IsEmulated ? row.Verdict : "unknown", "", "", "", ""];
        }

        string[] marks = [.. row.IsEmulated ? [row.Verdict] : Array.Empty<string>(), .. row.Disagreement is null ? Array.Empty<string>() : ["!"], .. row.Stable ? Array.Empty<string>() : ["unstable"]];
        return
        [
            .. counts,
            string.Join(' ', marks.Prepend(Digits.Format(cycles.Estimate))),
            Digits.FormatHalfWidth(cycles.Estimate),
            row.Ns is FleetCost ns ? Digits.Format(ns.Estimate) : "unknown",
            row.TscTicks is FleetCost ticks ? Digits.Format(ticks.Estimate) : "unknown",
            row.Ratio?.Value.ToString("F3", Invariant) ?? "",
        ];
    }

    /// <summary>What the figures are, for below the table.</summary>
    public static IEnumerable<string> NotesOf(FleetComparison comparison)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        FleetRow[] rows = [.. comparison.Mechanisms.SelectMany(mechanism => mechanism.Rows)];
        return new (bool IsThere, string Note)[]
        {
            (true, $"core cycles: the median of the benches' medians. +- is half of its 95 % interval, of fewer than {FleetCost.EnoughBenches} benches half of what all their intervals cover together."),
            (rows.Any(row => row.Ratio is not null), $"ratio: to {comparison.Base.Name}."),
            (rows.Any(row => row.Disagreement is not null), "!: hosts of this CPU differ by more than their intervals allow."),
            (rows.Any(row => row.IsEmulated && row.CoreCycles is null), "emulated: no cost is shown, for it would be no CPU's; --show-emulated shows it."),
        }.Where(note => note.IsThere).Select(note => note.Note).Concat(comparison.Notes);
    }
}
