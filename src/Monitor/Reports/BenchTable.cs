// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Guest.Kernel;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Statistics;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kvmsys.Monitor.Reports;

/// <summary>A bench for people: costs side by side, and what they are worth.</summary>
public static class BenchTable
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>The whole report.</summary>
    public static IRenderable Render(BenchReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        bool figures = report.Results.Any(report.Shows);
        List<IRenderable> parts = [new Markup(Title(report)), figures ? CostTable(report) : CountTable(report)];
        if (figures)
        {
            parts.Add(new Text("+- is half of the 95 % interval of the sessions' medians; alignment is how much the worst of them costs beyond the best."));
        }

        if (report.Differences.Count > 0)
        {
            parts.Add(DifferenceTable(report));
            if (report.Differences.Any(difference => IsInflated(difference.With)))
            {
                parts.Add(new Text("*: dearer than on bare metal: with EPT or NPT what the TLB has lost is looked up through two levels of page tables."));
            }
        }

        if (!figures)
        {
            parts.Add(new Text("Exits and emulated instructions are also those of the warm-up's calls, which are not timed; each run ends with an exit."));
            parts.Add(new Text("No cost is shown, for it would be no CPU's; --show-emulated shows it."));
        }

        parts.AddRange(
            from absent in report.Plan.Absent
            group Spelling.Of(absent.Mechanism, absent.Mitigation) by (absent.Profile, absent.Reason) into same
            select new Text($"absent on {Spelling.Of(same.Key.Profile)}: {string.Join(", ", same)}: {same.Key.Reason}"));
        parts.AddRange(DiscardLines(report));
        parts.Add(new Text(""));
        parts.Add(new Markup(VerdictLine(report.Verdict)));
        parts.Add(EvidenceTable(report.Evidence));
        if (!report.IsComplete)
        {
            parts.Add(new Markup(string.Create(Invariant, $"[yellow]incomplete: {report.RunsDone:N0} of {report.Plan.Runs:N0} runs were made[/]")));
        }

        return new Rows(parts);
    }

    /// <summary>The verdict in one line.</summary>
    public static string VerdictLine(Verdict verdict)
    {
        string colour = verdict == Verdict.Emulated ? "yellow" : "green";
        return $"verdict: [bold {colour}]{Spelling.Of(verdict)}[/] - {Spelling.Explain(verdict)}";
    }

    /// <summary>What the verdict rests on.</summary>
    public static IRenderable EvidenceTable(IReadOnlyList<Evidence> evidence)
    {
        Table table = new() { Border = TableBorder.None, ShowHeaders = false };
        table.AddColumns("", "", "", "");
        foreach (Evidence observation in evidence)
        {
            table.AddRow(
                new Markup(observation.ForHardware ? "  [green]yes[/]" : "  [yellow]no[/] "),
                new Text(observation.Name),
                new Text(observation.Value),
                new Text($"(a CPU: {observation.Expected})"));
        }

        return table;
    }

    private static Table CostTable(BenchReport report)
    {
        Table table = TableOf("core cycles", "+-", "ns", "TSC ticks", "speed-up\nto int80", "alignment", "counted");
        AddRows(table, report, result =>
        {
            bool shown = report.Shows(result);
            string emulated = result.Proof.Verdict == Verdict.Emulated ? " emulated" : "";
            return
            [
                new Text(shown ? Cost(result.Cycles) + emulated : "emulated"),
                new Text(shown ? HalfWidth(result.Cycles) : ""),
                new Text(shown ? Cost(result.Nanoseconds) : ""),
                new Text(shown ? Cost(result.Ticks) : ""),
                new Text(shown ? report.SpeedUp(result)?.ToString("N2", Invariant) ?? "" : ""),
                new Text(shown ? AlignmentSpread(result) : ""),
                Counted(result),
            ];
        });
        return table;
    }

    /// <summary>What a mitigation, or the host's Linux, adds.</summary>
    private static Table DifferenceTable(BenchReport report)
    {
        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumns("what", "adds to", "core cycles", "+-", "95 % interval");
        foreach (TableColumn column in table.Columns.Skip(2))
        {
            column.RightAligned().NoWrap();
        }

        foreach (CostDifference difference in report.Differences)
        {
            Estimate cycles = difference.CoreCycles;
            string emulated = BenchReport.IsEmulated(difference) ? " emulated" : "";
            table.AddRow(
                Spelling.Of(difference) + (IsInflated(difference.With) ? "*" : ""),
                Spelling.NameOf(difference.Without),
                Digits.Format(cycles) + emulated,
                Digits.FormatHalfWidth(cycles),
                $"{Digits.Format(cycles with { Value = cycles.Low })} to {Digits.Format(cycles with { Value = cycles.High })}");
        }

        return table;
    }

    private static bool IsInflated(MechanismResult result) =>
        new EntryPath(result.Profile, result.Mechanism, Mitigation: result.Mitigation).IsInflatedByNestedPaging;

    private static Table CountTable(BenchReport report)
    {
        Table table = TableOf("runs", "calls\ntimed", "exits", "by host\ninterrupts", "emulated\ninstructions");
        AddRows(table, report, result =>
        [
            new Text(result.Runs.ToString("N0", Invariant)),
            new Text(result.Calls.ToString("N0", Invariant)),
            Count(result.Exits),
            Count(result.IrqExits),
            Count(result.EmulatedInstructions),
        ]);
        return table;
    }

    private static Table TableOf(params ReadOnlySpan<string> figures)
    {
        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumn("profile");
        table.AddColumn("mechanism");
        foreach (string figure in figures)
        {
            table.AddColumn(new TableColumn(figure).RightAligned().NoWrap());
        }

        return table;
    }

    private static void AddRows(Table table, BenchReport report, Func<MechanismResult, IEnumerable<IRenderable>> figuresOf)
    {
        KernelProfile profile = report.Results[0].Profile;
        foreach (MechanismResult result in report.Results)
        {
            if (result.Profile != profile)
            {
                table.AddEmptyRow();
                profile = result.Profile;
            }

            table.AddRow([new Text(Spelling.Of(result.Profile)), new Text(Spelling.Of(result.Mechanism, result.Mitigation)), .. figuresOf(result)]);
        }
    }

    private static string Cost(CallCost? cost) => cost is null ? "unknown" : Digits.Format(cost.Estimate);

    private static string HalfWidth(CallCost? cost) => cost is null ? "" : Digits.FormatHalfWidth(cost.Estimate);

    /// <summary>What the worst alignment costs beyond the best, where their intervals do not overlap.</summary>
    private static string AlignmentSpread(MechanismResult result)
    {
        Estimate[] estimates = [.. result.ByAlignment.Values.OfType<CallCost>().Select(cost => cost.Estimate).OrderBy(estimate => estimate.Value)];
        return estimates.Length < 2 ? ""
            : estimates[^1].Low > estimates[0].High ? $"+{Digits.Format(estimates[^1] with { Value = estimates[^1].Value - estimates[0].Value })}"
            : "none";
    }

    private static Markup Counted(MechanismResult result)
    {
        double counted = 1 - result.Discards.Share;
        string text = counted.ToString("P1", Invariant).Replace(" ", "", StringComparison.Ordinal);
        return new Markup(result.Discards.Share > Discards.Warning ? $"[yellow]{text}[/]" : text);
    }

    /// <summary>Why so much was not counted, where it was much, and what to do.</summary>
    private static IEnumerable<IRenderable> DiscardLines(BenchReport report) =>
        from reason in report.Results
            .Where(result => report.Shows(result) && result.Discards.Share > Discards.Warning)
            .SelectMany(result => result.Discards.Reasons)
            .GroupBy(reason => reason.Key, reason => reason.Value)
        orderby reason.Sum() descending
        select new Markup(string.Create(
            Invariant,
            $"[yellow]discarded[/]: {reason.Sum():N0} pairs of batches, {Spelling.Of(reason.Key)}. Cure: {Markup.Escape(Spelling.CureOf(reason.Key))}"));

    private static Text Count(long? statistic) => new(statistic?.ToString("N0", Invariant) ?? "unknown");

    private static string Title(BenchReport report)
    {
        Protocol protocol = report.Plan.Protocol;
        return string.Create(
            Invariant,
            $"[bold]Entering a kernel and coming back[/]: sessions {protocol.Sessions}, runs {protocol.Runs}, alignments {protocol.Alignments.Length}, plan {report.Plan.Hash}, seed {report.Plan.Seed}");
    }
}
