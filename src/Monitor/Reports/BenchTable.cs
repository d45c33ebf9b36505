// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Measurement;
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
        MechanismDocument[] results = [.. report.Results.Select(result => MechanismDocument.Of(report, result))];
        DifferenceDocument[] differences = [.. report.Differences.Select(DifferenceDocument.Of)];
        List<IRenderable> parts = [new Markup(Title(report)), figures ? CostTable(results) : CountTable(results)];
        parts.AddRange((figures ? [BenchColumns.CostsNote] : BenchColumns.CountsNotes).Select(note => new Text(note)));
        if (differences.Length > 0)
        {
            parts.Add(DifferenceTable(differences));
            parts.AddRange(BenchColumns.DifferenceNotesOf(differences).Select(note => new Text(note)));
        }

        parts.AddRange(BenchColumns.AbsencesOf(PlanDocument.Of(report.Plan).Absent).Select(line => new Text(line)));
        parts.AddRange(BenchColumns.DiscardsOf(results).Select(line => new Markup(Warned(line))));
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

    private static Table CostTable(IReadOnlyList<MechanismDocument> results)
    {
        Table table = TableOf(BenchColumns.Costs);
        AddRows(table, results, result =>
        {
            IReadOnlyList<string> cells = BenchColumns.CostsOf(result);
            string mark = result.CoreCycles?.Emulated == true ? $" {result.Verdict}" : "";
            string counted = result.DiscardedShare > Discards.Warning ? $"[yellow]{cells[^1]}[/]" : cells[^1];
            return [new Text(cells[0] + mark), .. cells.Skip(1).SkipLast(1).Select(cell => new Text(cell)), new Markup(counted)];
        });
        return table;
    }

    /// <summary>What a mitigation, or the host's Linux, adds.</summary>
    private static Table DifferenceTable(IReadOnlyList<DifferenceDocument> differences)
    {
        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumns("what", "adds to");
        foreach (string column in BenchColumns.Differences)
        {
            table.AddColumn(new TableColumn(column).RightAligned().NoWrap());
        }

        foreach (DifferenceDocument difference in differences)
        {
            string[] cells = [difference.What, difference.BaseName, .. BenchColumns.CellsOf(difference)];
            table.AddRow([.. cells.Select(cell => new Text(cell))]);
        }

        return table;
    }

    private static Table CountTable(IReadOnlyList<MechanismDocument> results)
    {
        Table table = TableOf(BenchColumns.Counts);
        AddRows(table, results, result => BenchColumns.CountsOf(result).Select(cell => new Text(cell)));
        return table;
    }

    private static Table TableOf(IReadOnlyList<string> figures)
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

    private static void AddRows(Table table, IReadOnlyList<MechanismDocument> results, Func<MechanismDocument, IEnumerable<IRenderable>> figuresOf)
    {
        string profile = results[0].Profile;
        foreach (MechanismDocument result in results)
        {
            if (result.Profile != profile)
            {
                table.AddEmptyRow();
                profile = result.Profile;
            }

            table.AddRow([new Text(result.Profile), new Text(result.Mechanism), .. figuresOf(result)]);
        }
    }

    /// <summary>A line whose first word is a warning.</summary>
    private static string Warned(string line) => line.Split(':', count: 2) is [string word, string rest]
        ? $"[yellow]{Markup.Escape(word)}[/]:{Markup.Escape(rest)}"
        : Markup.Escape(line);

    private static string Title(BenchReport report)
    {
        Protocol protocol = report.Plan.Protocol;
        return string.Create(
            Invariant,
            $"[bold]Entering a kernel and coming back[/]: sessions {protocol.Sessions}, runs {protocol.Runs}, alignments {protocol.Alignments.Length}, plan {report.Plan.Hash}, seed {report.Plan.Seed}");
    }
}
