// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports;

/// <summary>What people are told of each result, column by column: in a terminal and on a page the same, to the last digit.</summary>
public static class BenchColumns
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>The columns' names where there are figures; a name may have two lines.</summary>
    public static IReadOnlyList<string> Costs { get; } = ["core cycles", "+-", "ns", "TSC ticks", "speed-up\nto int80", "alignment", "counted"];

    /// <summary>What the figures are, for below the table.</summary>
    public static string CostsNote =>
        "+- is half of the 95 % interval of the sessions' medians; alignment is how much the worst of them costs beyond the best.";

    /// <summary>The columns' names where no figure is shown.</summary>
    public static IReadOnlyList<string> Counts { get; } = ["runs", "calls\ntimed", "exits", "by host\ninterrupts", "emulated\ninstructions"];

    /// <summary>What the counts are, for below the table.</summary>
    public static IReadOnlyList<string> CountsNotes { get; } =
    [
        "Exits and emulated instructions are also those of the warm-up's calls, which are not timed; each run ends with an exit.",
        "No cost is shown, for it would be no CPU's; --show-emulated shows it.",
    ];

    /// <summary>A result's figures; empty where they may not be shown, but for the first, which says why.</summary>
    public static IReadOnlyList<string> CostsOf(MechanismDocument result)
    {
        ArgumentNullException.ThrowIfNull(result);
        string counted = (1 - result.DiscardedShare).ToString("P1", Invariant).Replace(" ", "", StringComparison.Ordinal);
        return result.HasFigures
            ?
            [
                Cost(result.CoreCycles),
                result.CoreCycles is CostDocument cycles ? Digits.FormatHalfWidth(cycles.Estimate) : "",
                Cost(result.Ns),
                Cost(result.TscTicks),
                result.SpeedUp?.ToString("N2", Invariant) ?? "",
                AlignmentSpread(result),
                counted,
            ]
            : ["emulated", "", "", "", "", "", counted];
    }

    /// <summary>A result's counts.</summary>
    public static IReadOnlyList<string> CountsOf(MechanismDocument result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return
        [
            result.Runs.ToString("N0", Invariant),
            result.Calls.ToString("N0", Invariant),
            Count(result.Exits),
            Count(result.IrqExits),
            Count(result.EmulatedInstructions),
        ];
    }

    /// <summary>Why so much was not counted, where it was much, and what to do: a line for each reason, the most frequent first.</summary>
    public static IEnumerable<string> DiscardsOf(IEnumerable<MechanismDocument> results) =>
        from reason in results
            .Where(result => result.HasFigures && result.DiscardedShare > Discards.Warning)
            .SelectMany(result => result.DiscardReasons)
            .GroupBy(reason => reason.Key, reason => (long)reason.Value)
        let cure = Spelling.GateReasonOf(reason.Key) is GateReason known ? $" Cure: {Spelling.CureOf(known)}" : ""
        orderby reason.Sum() descending
        select string.Create(Invariant, $"discarded: {reason.Sum():N0} pairs of batches, {reason.Key}.{cure}");

    /// <summary>What was asked for and is not there, a line for each reason.</summary>
    public static IEnumerable<string> AbsencesOf(IEnumerable<AbsentDocument> absences) =>
        from absent in absences
        group absent.Mechanism by (absent.Profile, absent.Reason) into same
        select $"absent on {same.Key.Profile}: {string.Join(", ", same)}: {same.Key.Reason}";

    /// <summary>The columns' names of what is added, behind what adds it and to what.</summary>
    public static IReadOnlyList<string> Differences { get; } = ["core cycles", "+-", "interval"];

    /// <summary>A difference's figures.</summary>
    public static IReadOnlyList<string> CellsOf(DifferenceDocument difference)
    {
        ArgumentNullException.ThrowIfNull(difference);
        Estimate cycles = difference.Estimate;
        string emulated = difference.Emulated == true ? " emulated" : "";
        return
        [
            Digits.Format(cycles) + emulated,
            Digits.FormatHalfWidth(cycles),
            cycles.Coverage == 0 ? "" : $"{Digits.Format(cycles with { Value = cycles.Low })} to {Digits.Format(cycles with { Value = cycles.High })}",
        ];
    }

    /// <summary>What is to be known of some differences, for below their table.</summary>
    public static IEnumerable<string> DifferenceNotesOf(IEnumerable<DifferenceDocument> differences) =>
        differences.Any(difference => difference.InflatedByNestedPaging)
            ? ["*: dearer than on bare metal: with EPT or NPT what the TLB has lost is looked up through two levels of page tables."]
            : [];

    private static string Cost(CostDocument? cost) => cost is null ? "unknown" : Digits.Format(cost.Estimate);

    private static string Count(long? statistic) => statistic?.ToString("N0", Invariant) ?? "unknown";

    /// <summary>What the worst alignment costs beyond the best, where their intervals do not overlap.</summary>
    private static string AlignmentSpread(MechanismDocument result)
    {
        Estimate[] estimates = [.. result.CoreCyclesByAlignment.Values.OfType<CostDocument>().Select(cost => cost.Estimate).OrderBy(estimate => estimate.Value)];
        return estimates.Length < 2 ? ""
            : estimates[^1].Low > estimates[0].High ? $"+{Digits.Format(estimates[^1] with { Value = estimates[^1].Value - estimates[0].Value })}"
            : "none";
    }
}
