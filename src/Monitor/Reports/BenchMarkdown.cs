// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports;

/// <summary>A bench as a table in Markdown, and below it where it is from: for an issue, a commit message or a page.</summary>
/// <remarks>The tables of GitHub Flavored Markdown.</remarks>
public static class BenchMarkdown
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>The whole report. A figure that is not there or may not be shown is an empty cell.</summary>
    public static string Render(BenchReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        StringBuilder text = new();
        text.Append("| profile | mechanism | verdict | core cycles | +- | ns | TSC ticks | speed-up to int80 | counted |\n");
        text.Append("|---|---|---|--:|--:|--:|--:|--:|--:|\n");
        foreach (MechanismResult result in report.Results)
        {
            bool shown = report.Shows(result);
            string[] cells =
            [
                Spelling.Of(result.Profile),
                Spelling.Of(result.Mechanism, result.Mitigation),
                Spelling.Of(result.Proof.Verdict),
                shown ? Cost(result.Cycles) : "",
                shown ? HalfWidth(result.Cycles) : "",
                shown ? Cost(result.Nanoseconds) : "",
                shown ? Cost(result.Ticks) : "",
                shown ? report.SpeedUp(result)?.ToString("F2", Invariant) ?? "" : "",
                string.Create(Invariant, $"{100 * (1 - result.Discards.Share):F1} %"),
            ];
            text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
        }

        if (report.Differences.Count > 0)
        {
            text.Append("\n| what | adds to | core cycles | +- |\n|---|---|--:|--:|\n");
            foreach (DifferenceDocument difference in report.Differences.Select(DifferenceDocument.Of))
            {
                text.Append("| ").AppendJoin(" | ", [difference.What, difference.BaseName, .. BenchColumns.CellsOf(difference).Take(2)]).Append(" |\n");
            }
        }

        text.Append('\n');
        text.AppendJoin(", ", BenchContext.Of(report).Select(entry => $"{entry.Key} {CodeSpan(entry.Value)}"));
        return text.Append('\n').ToString();
    }

    private static string Cost(CallCost? cost) => cost is null ? "" : Digits.Format(cost.Estimate);

    private static string HalfWidth(CallCost? cost) => cost is null ? "" : Digits.FormatHalfWidth(cost.Estimate);

    // In a code span nothing has a meaning but what ends it.
    private static string CodeSpan(string value) => $"`{value.Replace('`', '\'')}`";
}
