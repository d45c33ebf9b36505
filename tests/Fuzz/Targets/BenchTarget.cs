// SPDX-License-Identifier: MIT

using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Kvmsys.Monitor;
using Kvmsys.Monitor.Commands;
using Kvmsys.Monitor.Reports;
using Kvmsys.Monitor.Reports.Fleet;
using Kvmsys.Monitor.Reports.Html;
using Kvmsys.Monitor.Statistics;
using static Kvmsys.Fuzz.Targets.BrokenInvariantException;

namespace Kvmsys.Fuzz.Targets;

/// <summary>
/// The reader of what kvmsys bench --json wrote: a file is refused with one line without control characters, or it can be compared, and nothing in it
/// became slower or faster than itself; and pages, charts and tables can be made of it, from whose text nothing gets out.
/// </summary>
internal sealed class BenchTarget : IFuzzTarget
{
    /// <inheritdoc/>
    public string Name => "bench";

    /// <inheritdoc/>
    public int MaxLength => 16 << 10;

    /// <inheritdoc/>
    public IReadOnlyList<byte[]> Dictionary { get; } =
    [
        .. new[] { "null", "true", "[]", "{}", "\"\"", "-1", "1e999", "0.5", "\"sessions\":", "\"coreCycles\":", "\"verdict\":", "\\ud800", "\"emulated\"", "\"hardware\"" }
            .Select(Encoding.ASCII.GetBytes),
    ];

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        BenchDocument bench;
        BenchComparison comparison;
        try
        {
            bench = BenchFile.Parse(input.ToArray(), "fuzzed");
            comparison = CompareCommand.Compare(bench, bench, percent: 1, cycles: 1, differentHosts: false);
        }
        catch (CommandFailedException exception)
        {
            ThrowUnless(exception.ExitCode == ExitCode.Usage, exception.ExitCode);
            ThrowUnless(!exception.Message.Any(char.IsControl), exception.Message);
            return;
        }

        ThrowUnless(comparison.Results.All(result => result.Change.Finding is Finding.Same or Finding.Undecided), comparison.Results);
        ThrowUnless(comparison.OnlyInBase.Count + comparison.OnlyInNew.Count == 0, comparison);
        _ = CompareTable.Render(comparison);
        ThrowUnless(JsonSerializer.Serialize(CompareDocument.Of(comparison), KvmsysJson.Default.CompareDocument).Length > 0);
        foreach (bool showEmulated in new[] { false, true })
        {
            BenchDocument shown = bench.Showing(showEmulated);
            XElement chart = XElement.Parse(BenchChart.Of(shown).ToFile());
            ThrowUnless(!chart.Descendants().Any(element => element.Name.LocalName is "script" or "a" or "image"), chart);
            string page = BenchPage.Render(shown);
            ThrowUnless(page.Split("<script").Length == 3 && page.Split("</script").Length == 3, page);
            CheckFleet(FleetComparison.Of([("a", bench), ("b", bench)], showEmulated: showEmulated));
        }
    }

    /// <summary>Two hosts with the same bench are one CPU, agree, and can be written in every format.</summary>
    private static void CheckFleet(FleetComparison comparison)
    {
        FleetRow[] rows = [.. comparison.Mechanisms.SelectMany(mechanism => mechanism.Rows)];
        ThrowUnless(comparison.Cpus.Count == 1 && rows.All(row => row.Disagreement is null && row.Ratio?.Value is null or 1), rows);
        _ = FleetTable.Render(comparison);
        ThrowUnless(JsonSerializer.Serialize(FleetDocument.Of(comparison), KvmsysJson.Default.FleetDocument).Length > 0);
        string page = FleetPage.Render(comparison);
        ThrowUnless(page.Split("<script").Length == 2 && page.Split("</script").Length == 2, page);
        string[] lines = FleetCsv.Render(comparison).Split("\r\n");
        ThrowUnless(lines.Length == 2 + comparison.Benches.Sum(bench => bench.Bench.Results.Count) && !lines.Any(line => line.Any(char.IsControl)), lines);
        ThrowUnless(FleetParquet.Render(comparison).GetAwaiter().GetResult().AsSpan().StartsWith("PAR1"u8));
    }
}
