// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
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
        CallResult first = report.Results[0];
        string emulated = report.Verdict == Verdict.Emulated ? "\n[yellow](emulated)[/]" : "";
        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumn("profile");
        table.AddColumn("mechanism");
        table.AddColumn(new TableColumn($"TSC ticks/call{emulated}").RightAligned().NoWrap());
        table.AddColumn(new TableColumn($"ns/call{emulated}").RightAligned().NoWrap());
        table.AddColumn(new TableColumn("speed-up\nto int80").RightAligned().NoWrap());
        table.AddColumn(new TableColumn("exits").RightAligned().NoWrap());
        table.AddColumn(new TableColumn("by host\ninterrupts").RightAligned().NoWrap());
        table.AddColumn(new TableColumn("emulated\ninstructions").RightAligned().NoWrap());
        KernelProfile profile = first.Plan.Profile;
        foreach (CallResult result in report.Results)
        {
            if (result.Plan.Profile != profile)
            {
                table.AddEmptyRow();
                profile = result.Plan.Profile;
            }

            table.AddRow(Row(report, result));
        }

        List<IRenderable> parts =
        [
            new Markup(Title(report)),
            new Text(Page(first)),
            table,
            new Text("A call's cost includes its share of the loop around it; empty is that loop alone."),
            new Text("Exits and emulated instructions are counted from the program's start mark to its end, which is one exit."),
            new Text(""),
            new Markup(VerdictLine(report.Verdict)),
            EvidenceTable(report.Evidence),
        ];
        if (report.Results.Count != report.Planned)
        {
            parts.Add(new Markup($"[yellow]incomplete: {report.Results.Count} of {report.Planned} measurements were made[/]"));
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

    private static IEnumerable<IRenderable> Row(BenchReport report, CallResult result) =>
    [
        new Text(Spelling.Of(result.Plan.Profile)),
        new Text(Spelling.Of(result.Plan.Mechanism)),
        new Text(result.TicksPerCall.ToString("N1", Invariant)),
        new Text(result.NanosecondsPerCall?.ToString("N1", Invariant) ?? "unknown"),
        new Text(report.SpeedUp(result)?.ToString("N2", Invariant) ?? ""),
        Count(result.Statistics?.Exits),
        Count(result.Statistics?.IrqExits),
        Count(result.Statistics?.EmulatedInstructions),
    ];

    private static Text Count(long? statistic) => new(statistic?.ToString("N0", Invariant) ?? "unknown");

    private static string Title(BenchReport report) => string.Create(
        Invariant,
        $"[bold]Entering a kernel and coming back[/]: getpid from ring 3, {report.Results[0].Plan.Calls:N0} calls each, seed {report.Results[0].Plan.Seed}");

    private static string Page(CallResult result) => string.Create(
        Invariant,
        $"vsyscall page ({Spelling.Of(result.VsyscallVariant)}): virtual 0x{Fixmap.AddressOf(Fixmap.Vsyscall):x8}, physical 0x{result.VsyscallPhysicalAddress:x8}");
}
