// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Host;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kvmsys.Monitor.Reports;

/// <summary>A check-up for people.</summary>
public static class DoctorTable
{
    /// <summary>The whole report.</summary>
    public static IRenderable Render(Checkup checkup, IReadOnlyList<Check> tuning)
    {
        HostEnvironment host = checkup.Environment;
        return new Rows(
            new Text($"{host.Cpu.Brand}, Linux {host.Kernel}, microcode {host.Microcode ?? "unknown"}"),
            Tabulate("check", checkup.Checks),
            Tabulate("host tuning", tuning),
            new Markup(Conclusion(checkup)));
    }

    private static Table Tabulate(string heading, IReadOnlyList<Check> checks)
    {
        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumns(heading, "", "evidence, and what to do");
        foreach (Check check in checks)
        {
            string command = check.Command is null ? "" : $": {check.Command}";
            string cure = check.Cure is null ? "" : $"\n[cyan]-> {Markup.Escape(check.Cure + command)}[/]";
            table.AddRow(
                new Text(check.Name),
                new Markup(check.Passed ? "[green]ok[/]" : "[yellow]no[/]"),
                new Markup(Markup.Escape(check.Evidence) + cure));
        }

        return table;
    }

    private static string Conclusion(Checkup checkup) => checkup switch
    {
        { CanRunGuest: true, Proof: not null } => $"The guest runs here. {BenchTable.VerdictLine(checkup.Proof.Verdict)}",
        { HasUsableDevice: true } => "[yellow]The guest does not run on this KVM.[/] Everything else that is told above still works.",
        _ => "[yellow]There is no usable KVM here.[/]",
    };
}
