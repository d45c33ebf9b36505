// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Measurement;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kvmsys.Monitor.Reports;

/// <summary>The end of the article's experiment for people: its numbers beside today's.</summary>
public static class ArticleTable
{
    private const string NotMeasured = "not measured";

    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>The comparison.</summary>
    public static IRenderable Render(ArticleReport report)
    {
        string emulated = report.Verdict == Verdict.Emulated ? " [yellow](emulated)[/]" : "";
        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumn("8. Is there a speed-up?");
        table.AddColumn(new TableColumn("2005, Pentium 4 2.8 GHz").RightAligned());
        table.AddColumn(new TableColumn($"here{emulated}").RightAligned());
        table.AddRow("int $0x80", Seconds(ArticleReport.ArticleInt80Seconds, ArticleReport.ArticleCalls), Seconds(report.Int80));
        table.AddRow("call 0xffffe400", Seconds(ArticleReport.ArticleVsyscallSeconds, ArticleReport.ArticleCalls), Seconds(report.Vsyscall));
        table.AddRow("speed-up", ArticleReport.ArticleSpeedUp.ToString("N2", Invariant), report.SpeedUp?.ToString("N2", Invariant) ?? NotMeasured);
        return new Rows(table, new Markup(BenchTable.VerdictLine(report.Verdict)));
    }

    private static string Seconds(CallResult? result) => result switch
    {
        null => NotMeasured,
        { Nanoseconds: double nanoseconds } => Seconds(nanoseconds / 1e9, result.Calls),
        _ => "the TSC's rate is unknown",
    };

    private static string Seconds(double seconds, ulong calls) =>
        string.Create(Invariant, $"{seconds:N3} s ({seconds * 1e9 / calls:N1} ns a call)");
}
