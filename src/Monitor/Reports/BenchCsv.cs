// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;
using Kvmsys.Monitor.Measurement;

namespace Kvmsys.Monitor.Reports;

/// <summary>A bench as comma-separated values: a header, and a line for each mechanism on each kernel.</summary>
/// <remarks>RFC 4180. No field has a comma, a quotation mark or the end of a line in it, so that none needs quotation marks.</remarks>
public static class BenchCsv
{
    private const string LineEnd = "\r\n";

    private static readonly string[] Columns =
    [
        "profile", "mechanism", "verdict", "stable",
        "core_cycles", "core_cycles_low", "core_cycles_high",
        "ns", "ns_low", "ns_high",
        "tsc_ticks", "tsc_ticks_low", "tsc_ticks_high",
        "coverage", "sessions", "runs", "pairs", "discarded_pairs",
    ];

    /// <summary>The whole report. A figure that is not there or may not be shown is an empty field.</summary>
    public static string Render(BenchReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        StringBuilder text = new();
        text.AppendJoin(',', Columns).Append(LineEnd);
        foreach (MechanismResult result in report.Results)
        {
            CallCost? cycles = report.Shows(result) ? result.Cycles : null;
            CallCost? nanoseconds = report.Shows(result) ? result.Nanoseconds : null;
            CallCost? ticks = report.Shows(result) ? result.Ticks : null;
            string[] fields =
            [
                Spelling.Of(result.Profile), Spelling.Of(result.Mechanism, result.Mitigation), Spelling.Of(result.Proof.Verdict), result.IsUnstable ? "false" : "true",
                .. Figures(cycles), .. Figures(nanoseconds), .. Figures(ticks),
                Number(cycles?.Estimate.Coverage), Number(cycles?.Sessions.Count),
                Number(result.Runs), Number(result.Discards.Pairs), Number(result.Discards.DiscardedPairs),
            ];
            text.AppendJoin(',', fields).Append(LineEnd);
        }

        return text.ToString();
    }

    private static string[] Figures(CallCost? cost) => [Number(cost?.Estimate.Value), Number(cost?.Estimate.Low), Number(cost?.Estimate.High)];

    private static string Number(double? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";
}
