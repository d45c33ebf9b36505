// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.Json;
using Kvmsys.Monitor.Reports.Fleet;
using Kvmsys.Monitor.Statistics;
using static Kvmsys.Monitor.Reports.Html.PagePart;

namespace Kvmsys.Monitor.Reports.Html;

/// <summary>Benches of many hosts as a page for a browser: one file without a script that asks for nothing else, and has the comparison's JSON in it.</summary>
internal static class FleetPage
{
    // Of more, nobody sees one beside another; all of them are in the table.
    private const int MostRidges = 40;

    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;
    private static readonly string Style = EmbeddedFile.Read("chart.css") + EmbeddedFile.Read("base.css") + EmbeddedFile.Read("fleet.css");

    /// <summary>The page of a comparison.</summary>
    public static string Render(FleetComparison comparison)
    {
        // As in a bench's page: only what has a number that nobody knows before may act, and here nothing but the style has it. The JSON's encoder writes
        // no <, so that nothing in it can end the element that it is in.
        string nonce = Guid.NewGuid().ToString("N");
        string policy = $"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'";
        return Fragment.Of(
            $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="{policy}">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>kvmsys gather: {comparison.Cpus.Count.ToString(Invariant)} CPUs</title>
            <style nonce="{nonce}">{Fragment.Verbatim(Style)}</style>
            </head>
            <body>
            <main>
            {Head(comparison)}
            {comparison.Mechanisms.Select((mechanism, index) => Section($"m{index.ToString(Invariant)}", mechanism.Name, Mechanism(mechanism, index)))}
            {Section("cpus", "The CPUs", Cpus(comparison))}
            <footer>The comparison's JSON is in this page, in the element <code>fleet</code>.</footer>
            </main>
            <script type="application/json" id="fleet">{Fragment.Verbatim(JsonSerializer.Serialize(FleetDocument.Of(comparison), KvmsysJson.Default.FleetDocument))}</script>
            </body>
            </html>

            """).ToString();
    }

    private static Fragment Head(FleetComparison comparison) => Fragment.Of(
        $"""
        <header>
        <p class="tool">kvmsys gather</p>
        <h1>Entering a kernel and coming back</h1>
        {Facts(
        [
            new("CPU models", comparison.Cpus.Count.ToString(Invariant)),
            new("hosts", comparison.Benches.Select(bench => bench.Host).Distinct().Count().ToString(Invariant)),
            new("benches", comparison.Benches.Count.ToString(Invariant)),
            new("base of the ratios", comparison.Base.Name),
        ])}
        {comparison.Warnings.Select(warning => Warning($"{warning}."))}
        {FleetColumns.NotesOf(comparison).Select(Note)}
        </header>
        """);

    private static Fragment Mechanism(FleetMechanism mechanism, int index) => Fragment.Of(
        $"""
        {Scroll($"table of {mechanism.Name}", Table(mechanism))}
        {(mechanism.Rows.Any(row => row.CoreCycles is not null) ? Scroll($"{mechanism.Name} as ridges", Chart(mechanism, index).ToPart()) : default)}
        """);

    private static Fragment Table(FleetMechanism mechanism) => Fragment.Of(
        $"""
        <table>
        <thead><tr><th scope="col">CPU</th>{FleetColumns.Names.Select(name => Fragment.Of($"""<th scope="col">{name.Replace('\n', ' ')}</th>"""))}</tr></thead>
        <tbody>
        {mechanism.Rows.Select(row => Fragment.Of($"""<tr><th scope="row">{row.Name}</th>{Cells(row)}</tr>"""))}
        </tbody>
        </table>
        """);

    private static IEnumerable<Fragment> Cells(FleetRow row)
    {
        bool doubtful = row.Disagreement is not null || !row.Stable;
        return FleetColumns.Of(row).Select((cell, index) => index switch
        {
            < FleetColumns.Cost => Cell(cell),
            FleetColumns.Cost => Cell(cell, row.CoreCycles is null ? "none" : doubtful ? "cost doubtful" : "cost"),

            // The cost says itself that it is an emulator's.
            _ => Fragment.Of($"<td>{Marked(cell, row.IsEmulated)}</td>"),
        });
    }

    private static RidgeChart Chart(FleetMechanism mechanism, int index)
    {
        FleetRow[] drawn = [.. mechanism.Rows.Take(MostRidges)];
        string left = mechanism.Rows.Count > drawn.Length ? string.Create(Invariant, $" The first {drawn.Length} of {mechanism.Rows.Count}; all are in the table.") : "";
        return new()
        {
            Id = $"m{index.ToString(Invariant)}",
            Title = mechanism.Name,
            Subtitle = $"Where all pairs of batches lie, from their percentiles; the line is the cost, below it its interval.{left}",
            Description = string.Join(' ', drawn.Select(Words)),
            Unit = "core cycles for a call",
            Ridges = [.. drawn.Select(RidgeOf)],
        };
    }

    private static Ridge RidgeOf(FleetRow row)
    {
        IReadOnlyList<string> cells = FleetColumns.Of(row);
        string verdict = row.Name[row.Cpu.Name.Length..].TrimStart(',', ' ');
        return new(
            row.Cpu.Brand,
            string.Join(", ", new[] { row.Cpu.Difference, verdict }.Where(part => part.Length > 0)),
            DistributionsOf(row),
            row.CoreCycles?.Estimate,
            row.CoreCycles is null && row.IsEmulated ? "emulated: no cost is shown" : cells[FleetColumns.Cost],
            row.IsEmulated);
    }

    private static Distribution[] DistributionsOf(FleetRow row) => [.. row.Counted.Select(result => result.Result.CoreCycles?.Distribution).OfType<Distribution>()];

    /// <summary>A ridge in words.</summary>
    private static string Words(FleetRow row)
    {
        if (row.CoreCycles is not FleetCost cost)
        {
            return $"{row.Name}: no cost is shown.";
        }

        Distribution[] all = DistributionsOf(row);
        string format = $"F{Digits.Decimals(cost.Estimate)}";
        string middle = all.Length == 1
            ? $", half of all pairs from {all[0].Percentile25.ToString(format, Invariant)} to {all[0].Percentile75.ToString(format, Invariant)}"
            : "";
        return $"{row.Name}: {Digits.Format(cost.Estimate)} core cycles{(row.IsEmulated ? " of an emulator" : "")}{middle}.";
    }

    private static Fragment Cpus(FleetComparison comparison) => Fragment.Of(
        $"""
        <div class="more">
        {comparison.Cpus.Select(cpu => More(cpu.Name, FactsOf(cpu)))}
        </div>
        """);

    private static Dictionary<string, string> FactsOf(CpuModel cpu)
    {
        const string unknown = "unknown";
        Dictionary<string, string> facts = new()
        {
            ["CPU"] = cpu.Identity.Brand,
            ["signature"] = cpu.Identity.Signature,
            ["core type"] = cpu.Identity.CoreType ?? "",
            ["microcode"] = cpu.Identity.Microcode ?? unknown,
            ["kernel"] = cpu.Identity.Kernel,
            ["hosts"] = string.Join(", ", cpu.HostNames),
            ["vulnerabilities and mitigations"] = cpu.Identity.Mitigations?.Replace("\n", "; ", StringComparison.Ordinal) ?? unknown,
        };
        return facts.Where(fact => fact.Value.Length > 0).ToDictionary();
    }
}
