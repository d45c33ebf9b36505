// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Kvmsys.Monitor.Reports;

/// <summary>Where a bench's figures are from, for formats that know nothing of kvmsys: a few names and values.</summary>
public static class BenchContext
{
    /// <summary>The CPU's brand string, under the name that Go's benchmarks give it.</summary>
    public const string Cpu = "cpu";

    /// <summary>The least of the results' verdicts.</summary>
    public const string Verdict = "verdict";

    /// <summary>Names of small letters and hyphens, and values of one line each, in a fixed order; what is not known is left out.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Of(BenchReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        (string Name, string? Value)[] context =
        [
            (Cpu, report.Host.Cpu.Brand),
            (Verdict, Spelling.Of(report.Verdict)),
            ("kvmsys", report.Host.Version),
            ("cpu-signature", string.Create(
                CultureInfo.InvariantCulture, $"{report.Host.Cpu.Vendor} {report.Host.Cpu.Family}/{report.Host.Cpu.Model}/{report.Host.Cpu.Stepping}")),
            ("microcode", report.Host.Microcode),
            ("hypervisor", report.Host.Cpu.Hypervisor),
            ("kernel", report.Host.Kernel),
            ("kvm-module", report.Host.BackEnd.Module),
            ("plan", report.Plan.Hash),
            ("seed", report.Plan.Seed.ToString(CultureInfo.InvariantCulture)),
        ];
        return [.. context.Where(entry => !string.IsNullOrEmpty(entry.Value)).Select(entry => KeyValuePair.Create(entry.Name, OneLine(entry.Value!)))];
    }

    // A hypervisor may write what it likes into CPUID.
    private static string OneLine(string value) => string.Concat(value.Select(c => char.IsControl(c) ? ' ' : c));
}
