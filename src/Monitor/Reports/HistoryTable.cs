// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Statistics;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kvmsys.Monitor.Reports;

/// <summary>A history for people.</summary>
public static class HistoryTable
{
    // With the other columns no more than a terminal's 80.
    private const int PlotWidth = 30;
    private const int NarrowPlotWidth = 19;

    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;
    private static readonly string Emulated = Spelling.Of(Verdict.Emulated);

    /// <summary>The benches.</summary>
    public static IRenderable Render(IReadOnlyList<HistoryEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumn(new TableColumn("id").RightAligned().NoWrap());
        table.AddColumn(new TableColumn("time").NoWrap());
        table.AddColumn("CPU");
        table.AddColumn("verdict");
        table.AddColumn(new TableColumn("plan").NoWrap());
        table.AddColumn(new TableColumn("results").RightAligned());
        foreach (HistoryEntry entry in entries)
        {
            string doubts = Doubts(entry.Complete, entry.Stable);
            table.AddRow(
                new Text(entry.Id.ToString(Invariant)),
                new Text(Local(entry.Time)),
                new Text(ShortName(entry)),
                new Text(entry.Verdict),
                new Text(entry.PlanHash),
                new Text($"{entry.Mechanisms.ToString(Invariant)}{(doubts.Length == 0 ? "" : $" {doubts}")}"));
        }

        return table;
    }

    /// <summary>A mechanism's cost over time, each series with its plot and its changes.</summary>
    public static IRenderable Render(IReadOnlyList<HistorySeries> series)
    {
        ArgumentNullException.ThrowIfNull(series);
        return new Rows(series.SelectMany((one, index) => index == 0 ? Parts(one) : Parts(one).Prepend(new Text(""))));
    }

    private static IEnumerable<IRenderable> Parts(HistorySeries series)
    {
        HistoryFigure first = series.Figures[0];
        yield return new Markup(
            $"[bold]{Markup.Escape($"{first.Mechanism} on {first.Profile}")}[/], core cycles: {Markup.Escape($"{ShortName(first.Entry)}, {first.Verdict}, plan {first.Entry.PlanHash}")}");
        yield return PlotTable(series);
        foreach (HistoryChange change in series.Changes)
        {
            string also = change.AlsoChanged.Count == 0 ? "" : $"; also changed: {string.Join(", ", change.AlsoChanged)}";
            string ratio = change.Ratio is Estimate estimate ? string.Create(Invariant, $", ratio {estimate.Value:F3} ({estimate.Low:F3} to {estimate.High:F3})") : "";
            string shift = $"+0.{Zeros(change.Shift)};-0.{Zeros(change.Shift)};0";
            yield return new Markup(
                $"[yellow]changed[/] from entry {change.From.ToString(Invariant)} on ({Local(change.Time)}): {change.Shift.Value.ToString(shift, Invariant)} cycles{(first.Verdict == Emulated ? " emulated" : "")} "
                + Markup.Escape($"({change.Shift.Low.ToString(shift, Invariant)} to {change.Shift.High.ToString(shift, Invariant)}){ratio}{also}"));
        }
    }

    private static Table PlotTable(HistorySeries series)
    {
        bool isEmulated = series.Figures[0].Verdict == Emulated;
        bool isDoubted = series.Figures.Any(figure => !figure.IsTrusted);
        int width = isEmulated || isDoubted ? NarrowPlotWidth : PlotWidth;
        double low = series.Figures.Min(figure => figure.Cost.Low);
        double high = series.Figures.Max(figure => figure.Cost.High);
        string format = $"F{series.Figures.Max(figure => Digits.Decimals(figure.Cost))}";
        string right = high.ToString(format, Invariant);
        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumn(new TableColumn("id").RightAligned().NoWrap());
        table.AddColumn(new TableColumn("time").NoWrap());
        table.AddColumn(new TableColumn("cost").RightAligned());
        table.AddColumn(new TableColumn("+-").RightAligned().NoWrap());
        table.AddColumn(new TableColumn(low.ToString(format, Invariant).PadRight(width - right.Length) + right).NoWrap());
        HashSet<long> starts = [.. series.Changes.Select(change => change.From)];
        foreach (HistoryFigure figure in series.Figures)
        {
            if (starts.Contains(figure.Entry.Id))
            {
                table.AddEmptyRow();
            }

            string doubts = Doubts(figure.Entry.Complete, figure.Stable);
            table.AddRow(
                new Text(figure.Entry.Id.ToString(Invariant)),
                new Text(Local(figure.Entry.Time)),
                new Text(string.Join(' ', new[] { Digits.Format(figure.Cost), isEmulated ? Emulated : "", doubts }.Where(part => part.Length > 0))),
                new Text(Digits.FormatHalfWidth(figure.Cost)),
                new Text(Plot(figure.Cost, low, high, width)));
        }

        return table;
    }

    /// <summary>An interval and the value in it, on an axis.</summary>
    /// <param name="cost">The interval.</param>
    /// <param name="low">Where the axis begins.</param>
    /// <param name="high">Where it ends.</param>
    /// <param name="width">Characters.</param>
    public static string Plot(Estimate cost, double low, double high, int width)
    {
        ArgumentNullException.ThrowIfNull(cost);
        char[] line = new char[width];
        Array.Fill(line, ' ');
        Array.Fill(line, '─', At(cost.Low), At(cost.High) - At(cost.Low) + 1);
        line[At(cost.Low)] = '├';
        line[At(cost.High)] = '┤';
        line[At(cost.Value)] = '●';
        return new(line);

        int At(double value) => high > low ? (int)Math.Round((value - low) / (high - low) * (width - 1)) : width / 2;
    }

    private static string Doubts(bool isComplete, bool isStable) => (isComplete, isStable) switch
    {
        (true, true) => "",
        (false, true) => "incomplete",
        (true, false) => "unstable",
        _ => "incomplete, unstable",
    };

    private static string Local(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm", Invariant);

    private static string ShortName(HistoryEntry entry) => CpuName.Short(entry.CpuBrand, entry.CpuSignature);

    private static string Zeros(Estimate estimate) => new('0', Digits.Decimals(estimate));
}
