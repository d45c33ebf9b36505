// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Statistics;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kvmsys.Monitor.Reports;

/// <summary>A comparison of two benches for people.</summary>
public static class CompareTable
{
    private const double SmallestPValueShown = 0.001;
    private const string Interval = "interval";

    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>The whole comparison.</summary>
    public static IRenderable Render(BenchComparison comparison)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        List<IRenderable> parts =
        [
            new Markup(string.Create(
                Invariant,
                $"[bold]What became of the cost[/], in core cycles; up to {comparison.ThresholdRatio * 100} % or {comparison.ThresholdCycles} cycles do not matter")),
            CostTable(comparison),
            new Text(string.Create(
                Invariant,
                $"shift and ratio: the median over all pairs of sessions, and its {100 * (1 - Comparison.Significance)} % interval; p: Mann-Whitney")),
        ];
        AddNames(parts, "only in the base", comparison.OnlyInBase);
        AddNames(parts, "only in the new one", comparison.OnlyInNew);
        AddNames(parts, "without a figure in one of them", comparison.WithoutFigure);
        parts.AddRange(comparison.Warnings.Select(warning => new Markup($"[yellow]warning[/]: {Markup.Escape(warning)}.")));
        return new Rows(parts);
    }

    private static Table CostTable(BenchComparison comparison)
    {
        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumns("profile", "mechanism");
        foreach (string figure in (ReadOnlySpan<string>)["base", "new", "shift", Interval, "ratio", Interval, "p"])
        {
            // Where a table has not enough room, an interval can be in two lines.
            TableColumn column = new TableColumn(figure).RightAligned();
            table.AddColumn(figure == Interval ? column : column.NoWrap());
        }

        table.AddColumn("finding");
        foreach (MechanismComparison result in comparison.Results)
        {
            Comparison change = result.Change;
            string shiftFormat = $"+0.{Zeros(change.Shift)};-0.{Zeros(change.Shift)};0";
            table.AddRow(
                new Text(result.Profile),
                new Text(result.Mechanism),
                new Text(Digits.Format(result.Base)),
                new Text(Digits.Format(result.New)),
                new Text(change.Shift.Value.ToString(shiftFormat, Invariant)),
                new Text(Ends(change.Shift, shiftFormat)),
                new Text(change.Ratio?.Value.ToString("F3", Invariant) ?? ""),
                new Text(change.Ratio is Estimate ratio ? Ends(ratio, "F3") : ""),
                new Text(change.PValue < SmallestPValueShown ? $"<{SmallestPValueShown.ToString(Invariant)}" : change.PValue.ToString("F3", Invariant)),
                new Markup(Found(result)));
        }

        return table;
    }

    private static string Zeros(Estimate estimate) => new('0', Digits.Decimals(estimate));

    private static string Ends(Estimate estimate, string format) =>
        $"{estimate.Low.ToString(format, Invariant)} to {estimate.High.ToString(format, Invariant)}";

    private static string Found(MechanismComparison result)
    {
        string colour = result.Change.Finding switch
        {
            Finding.Slower => "red",
            Finding.Faster => "green",
            Finding.Undecided => "yellow",
            _ => "default",
        };
        string emulated = result.Verdict == Spelling.Of(Verdict.Emulated) ? ", emulated" : "";
        return $"[{colour}]{Spelling.Of(result.Change.Finding)}[/]{emulated}";
    }

    private static void AddNames(List<IRenderable> parts, string what, IReadOnlyList<string> names)
    {
        if (names.Count > 0)
        {
            parts.Add(new Text($"{what}: {string.Join(", ", names)}"));
        }
    }
}
