// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Statistics;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>Benches of many hosts for people.</summary>
public static class FleetTable
{
    private const int PlotWidth = 22;

    // With a plot, what a CPU's name has left of less is not enough.
    private const int LeastWidthWithPlot = 110;

    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>The whole comparison.</summary>
    public static IRenderable Render(FleetComparison comparison)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        int hosts = comparison.Benches.Select(bench => bench.Host).Distinct().Count();
        return new Rows(
        [
            new Markup(string.Create(
                Invariant,
                $"[bold]Entering a kernel and coming back[/]: CPUs {comparison.Cpus.Count}, hosts {hosts}, benches {comparison.Benches.Count}")),
            new WidthDependent(width => CostTable(comparison, width >= LeastWidthWithPlot)),
            .. FleetColumns.NotesOf(comparison).Select(note => new Text(note)),
            .. comparison.Warnings.Select(warning => new Markup($"[yellow]warning[/]: {Markup.Escape(warning)}.")),
        ]);
    }

    private static Table CostTable(FleetComparison comparison, bool plots)
    {
        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumn("CPU");
        foreach (string name in FleetColumns.Names)
        {
            table.AddColumn(new TableColumn(name).RightAligned().NoWrap());
        }

        if (plots)
        {
            table.AddColumn(new TableColumn("core cycles").NoWrap());
        }

        foreach (FleetMechanism mechanism in comparison.Mechanisms)
        {
            if (mechanism != comparison.Mechanisms[0])
            {
                table.AddEmptyRow();
            }

            (double Low, double High, string Ends)? axis = AxisOf(mechanism);
            table.AddRow(
            [
                new Markup($"[bold]{Markup.Escape(mechanism.Name)}[/]"),
                .. Enumerable.Repeat(Text.Empty, FleetColumns.Names.Count),
                .. plots ? [new Text(axis?.Ends ?? "")] : Array.Empty<IRenderable>(),
            ]);
            foreach (FleetRow row in mechanism.Rows)
            {
                IReadOnlyList<string> cells = FleetColumns.Of(row);
                string plot = axis is (double low, double high, _) && row.CoreCycles is FleetCost cost ? HistoryTable.Plot(cost.Estimate, low, high, PlotWidth) : "";
                bool doubtful = row.Disagreement is not null || !row.Stable;
                table.AddRow(
                [
                    new Text(row.Name),
                    .. cells.Select((cell, index) => doubtful && index == FleetColumns.Cost ? new Text(cell, new Style(Color.Yellow)) : new Text(cell)),
                    .. plots ? [new Text(plot)] : Array.Empty<IRenderable>(),
                ]);
            }
        }

        return table;
    }

    /// <summary>Where the plots of a mechanism begin and end, and that as a text of their width.</summary>
    private static (double Low, double High, string Ends)? AxisOf(FleetMechanism mechanism)
    {
        Estimate[] costs = [.. mechanism.Rows.Select(row => row.CoreCycles?.Estimate).OfType<Estimate>()];
        if (costs.Length == 0)
        {
            return null;
        }

        string format = $"F{costs.Max(Digits.Decimals)}";
        (double low, double high) = (costs.Min(cost => cost.Low), costs.Max(cost => cost.High));
        string right = high.ToString(format, Invariant);
        return (low, high, low.ToString(format, Invariant).PadRight(Math.Max(0, PlotWidth - right.Length)) + right);
    }
}
