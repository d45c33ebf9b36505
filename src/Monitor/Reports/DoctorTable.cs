// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Host;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kvmsys.Monitor.Reports;

/// <summary>A check-up for people.</summary>
public static class DoctorTable
{
    /// <summary>The whole report.</summary>
    public static IRenderable Render(Checkup checkup)
    {
        HostEnvironment host = checkup.Environment;
        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumns("check", "", "evidence, and what to do");
        foreach (Check check in checkup.Checks)
        {
            string cure = check.Cure is null ? "" : $"\n[cyan]-> {Markup.Escape(check.Cure)}[/]";
            table.AddRow(
                new Text(check.Name),
                new Markup(check.Passed ? "[green]ok[/]" : "[yellow]no[/]"),
                new Markup(Markup.Escape(check.Evidence) + cure));
        }

        return new Rows(
            new Text($"{host.Cpu.Brand}, Linux {host.Kernel}, microcode {host.Microcode ?? "unknown"}"),
            table,
            new Markup(Conclusion(checkup)));
    }

    private static string Conclusion(Checkup checkup) => checkup switch
    {
        { CanRunGuest: true, Proof: not null } => $"The guest runs here. {BenchTable.VerdictLine(checkup.Proof.Verdict)}",
        { HasUsableDevice: true } => "[yellow]The guest does not run on this KVM.[/] Everything else that is told above still works.",
        _ => "[yellow]There is no usable KVM here.[/]",
    };
}
