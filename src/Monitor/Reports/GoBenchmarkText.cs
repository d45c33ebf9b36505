// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;
using Kvmsys.Monitor.Measurement;

namespace Kvmsys.Monitor.Reports;

/// <summary>A bench in the text format of Go's benchmarks, which benchstat compares: a line for each session.</summary>
/// <remarks>https://golang.org/design/14313-benchmark-format. benchstat compares only what has the same configuration, so that only what makes
/// figures incomparable is a line of configuration: the CPU and the verdict. The rest, such as the kernel, is what people compare; it is in
/// lines that the format passes over.</remarks>
public static class GoBenchmarkText
{
    /// <summary>The whole report. What has no time to be shown is not in it.</summary>
    public static string Render(BenchReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        StringBuilder text = new();
        foreach ((string name, string value) in BenchContext.Of(report))
        {
            string comment = name is BenchContext.Cpu or BenchContext.Verdict ? "" : "# ";
            text.Append(CultureInfo.InvariantCulture, $"{comment}{name}: {value}\n");
        }

        string verdict = Spelling.Of(report.Verdict);
        foreach (MechanismResult result in report.Timed)
        {
            // A line of configuration is valid for all that is below it.
            if (Spelling.Of(result.Proof.Verdict) is string own && own != verdict)
            {
                text.Append(CultureInfo.InvariantCulture, $"{BenchContext.Verdict}: {own}\n");
                verdict = own;
            }

            string emulated = result.Proof.Verdict == Verdict.Emulated ? "/emulated" : "";
            string benchmark = $"BenchmarkEnter/profile={Spelling.Of(result.Profile)}/mechanism={Spelling.Of(result.Mechanism, result.Mitigation)}{emulated}";
            foreach ((double nanoseconds, double cycles) in result.Nanoseconds!.Sessions.Zip(result.Cycles!.Sessions))
            {
                text.Append(CultureInfo.InvariantCulture, $"{benchmark} {report.CallsPerSession(result)} {nanoseconds} ns/op {cycles} cycles/op\n");
            }
        }

        return text.ToString();
    }
}
