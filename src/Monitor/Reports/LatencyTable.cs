// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Measurement;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kvmsys.Monitor.Reports;

/// <summary>Single calls' times for people: percentiles, a histogram whose bars are logarithms, and what the tail is made of.</summary>
public static class LatencyTable
{
    private const int WidestBar = 40;

    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>The whole report.</summary>
    public static IRenderable Render(LatencyReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        LatencyResult last = report.Results[^1];
        List<IRenderable> parts =
        [
            new Markup(string.Create(
                Invariant, $"[bold]{NameOf(last)}, call by call[/]: {last.Ticks.TotalCount:N0} calls in {last.Runs:N0} runs, seed {report.Seed}")),
        ];
        if (report.ShowsFigures)
        {
            string mark = report.Verdict == Verdict.Emulated ? " Emulated: no figure is a CPU's." : "";
            parts.Add(PercentileTable(report));
            parts.Add(new Text($"The timer's own time is in all of them; empty is nothing else, and its tail is the CPU's own.{mark}"));
            parts.Add(new Text(""));
            parts.Add(HistogramOf(last));
            parts.AddRange(report.Results.Select(result => new Text(TailLine(result))));
            parts.Add(new Text(string.Create(Invariant, $"TSC: steps by {report.Results[0].TscStepTicks:0.##}, {last.TicksPerCycle:N3} ticks a core cycle")));
        }
        else
        {
            parts.Add(new Text("No time is shown, for it would be no CPU's; --show-emulated shows it."));
        }

        parts.Add(new Text(""));
        parts.Add(new Markup(BenchTable.VerdictLine(report.Verdict)));
        parts.Add(BenchTable.EvidenceTable(report.Evidence));
        if (!report.IsComplete)
        {
            parts.Add(new Markup(string.Create(
                Invariant,
                $"[yellow]incomplete: {report.CallsWanted:N0} calls of {Spelling.Of(report.Path.Mechanism)} were asked for[/]")));
        }

        return new Rows(parts);
    }

    private static Table PercentileTable(LatencyReport report)
    {
        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumn(new TableColumn("percentile").RightAligned());
        foreach (LatencyResult result in report.Results)
        {
            string name = Spelling.Of(result.Path.Mechanism);
            table.AddColumn(new TableColumn($"{name}\nTSC ticks").RightAligned().NoWrap());
            table.AddColumn(new TableColumn("core cycles").RightAligned().NoWrap());
            table.AddColumn(new TableColumn("ns").RightAligned().NoWrap());
        }

        AddRow("least", result => LatencyReport.TicksAt(result, 0));
        foreach (double percentile in LatencyReport.Percentiles)
        {
            AddRow(percentile.ToString(Invariant), result => LatencyReport.TicksAt(result, percentile));
        }

        AddRow("greatest", result => LatencyReport.TicksAt(result, 100));
        return table;

        void AddRow(string name, Func<LatencyResult, long> ticksOf) => table.AddRow(
            [name, .. report.Results.SelectMany(result => Figures(result, ticksOf(result)))]);
    }

    private static string[] Figures(LatencyResult result, long ticks) =>
    [
        ticks.ToString("N0", Invariant),
        (ticks / result.TicksPerCycle).ToString("N0", Invariant),
        result.TscKhz is int rate ? (ticks * 1e6 / rate).ToString("N0", Invariant) : "unknown",
    ];

    /// <summary>A bar for each doubling of the time, as long as the logarithm of how many calls took it: one call in a million is seen.</summary>
    private static Grid HistogramOf(LatencyResult result)
    {
        (long From, long Count)[] doublings =
        [
            .. result.Ticks.RecordedValues()
                .GroupBy(value => 1L << (int)Math.Log2(Math.Max(1, value.ValueIteratedTo)), value => value.CountAtValueIteratedTo)
                .Select(group => (group.Key, group.Sum())),
        ];
        double longest = Math.Log10(1 + doublings.Max(doubling => doubling.Count));
        Grid grid = new();
        grid.AddColumns(new GridColumn().RightAligned().NoWrap(), new GridColumn().NoWrap(), new GridColumn().RightAligned().NoWrap());
        foreach ((long from, long count) in doublings)
        {
            int width = Math.Max(1, (int)Math.Round(WidestBar * Math.Log10(1 + count) / longest));
            grid.AddRow(
                string.Create(Invariant, $"{from:N0} to {(2 * from) - 1:N0} ticks"), new string('█', width), count.ToString("N0", Invariant));
        }

        return grid;
    }

    private static string TailLine(LatencyResult result)
    {
        LatencyTail tail = result.Tail;
        string what = tail.Count == 0 ? "none"
            : tail.Unknown == tail.Count ? "nothing counts the interrupts that they met"
            : string.Create(Invariant, $"{tail.WithExit:N0} with a VM exit, {tail.WithoutExit:N0} without one");
        return string.Create(
            Invariant,
            $"tail of {Spelling.Of(result.Path.Mechanism)}: {tail.Count:N0} of {result.Ticks.TotalCount:N0} calls took {tail.ThresholdTicks:N0} ticks or more, {Latency.TailCycles:N0} core cycles beyond the median: {what}");
    }

    private static string NameOf(LatencyResult result) => $"{Spelling.Of(result.Path.Mechanism)} on {Spelling.Of(result.Path.Profile)}";
}
