// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Farm.Controller;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kvmsys.Monitor.Commands;

/// <summary>What changes on a farm's hosts have done to costs, for people.</summary>
internal static class FarmChangeTable
{
    /// <summary>The changes, each with its mechanisms.</summary>
    public static IRenderable Of(FarmChangeListDocument list) => list.Changes.Count == 0
        ? new Text($"Since {JobTable.TimeOf(list.Since)} nothing costs more, or less, on any host by more than its own noise.")
        : new Rows([.. list.Changes.SelectMany(Of), .. list.More is true ? [new Text("There are more, and the oldest are left out. Cure: fewer --days.")] : Array.Empty<IRenderable>()]);

    private static IEnumerable<IRenderable> Of(FarmChangeDocument change)
    {
        yield return new Text(change.What.Count == 0 ? "nothing that is known changed" : Shown.OneLine(string.Join("; ", change.What)), new Style(decoration: Decoration.Bold));
        int all = change.SlowerOn.Union(change.FasterOn).Count() + (change.UnchangedOn?.Count ?? 0) + (change.UndecidedOn?.Count ?? 0);
        yield return JobTable.Cell(string.Join("; ", new[]
        {
            Line("slower", change.SlowerOn, change.UnchangedOn is null ? null : all),
            Line("faster", change.FasterOn, change.UnchangedOn is null ? null : all),
            Line("unchanged", change.UnchangedOn ?? [], null),
            Line("too little measured to tell", change.UndecidedOn ?? [], null),
        }.Where(line => line.Length > 0)));
        yield return JobTable.Cell($"{string.Join(", ", change.Cpus)}; {JobTable.TimeOf(change.FirstAt)}{(change.LastAt == change.FirstAt ? "" : $" to {JobTable.TimeOf(change.LastAt)}")}");
        Table table = new Table().RoundedBorder().AddColumns("mechanism", "finding", "hosts", "times as much", "core cycles more", "since jobs");
        foreach ((FarmFindingDocument finding, bool isSlower) in change.Slower.Select(finding => (finding, true)).Concat(change.Faster.Select(finding => (finding, false))))
        {
            table.AddRow(
                JobTable.Cell($"{finding.Mechanism} on {finding.Profile}"),
                new Text(isSlower ? "slower" : "faster", new Style(isSlower ? Color.Red : Color.Green)),
                JobTable.Cell(string.Create(CultureInfo.InvariantCulture, $"{finding.Hosts.Count}{(finding.Of is int of ? $" of {of}" : "")}")),
                JobTable.Cell(finding.Ratio is HostRangeDocument ratio ? Range(ratio, "F3") : ""),
                JobTable.Cell(Range(finding.Shift, "+0.0;-0.0")),
                JobTable.Cell(string.Join(", ", finding.Hosts.Select(host => string.Create(CultureInfo.InvariantCulture, $"{host.Job} ({host.Host})")))));
        }

        yield return table;
    }

    private static string Line(string what, IReadOnlyList<string> hosts, int? of) => hosts.Count == 0 ? ""
        : string.Create(CultureInfo.InvariantCulture, $"{what} on {hosts.Count}{(of is int all ? $" of {all}" : "")}: {string.Join(", ", hosts)}");

    private static string Range(HostRangeDocument range, string format) => range.Least == range.Greatest
        ? range.Median.ToString(format, CultureInfo.InvariantCulture)
        : $"{range.Median.ToString(format, CultureInfo.InvariantCulture)} ({range.Least.ToString(format, CultureInfo.InvariantCulture)} to {range.Greatest.ToString(format, CultureInfo.InvariantCulture)})";
}
