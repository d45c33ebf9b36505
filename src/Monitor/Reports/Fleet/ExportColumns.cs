// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>The columns of the tables that other programs read. A parquet schema is of one file, so each table is made anew.</summary>
internal static class ExportColumns
{
    /// <summary>Of a table with a row for each result of a bench.</summary>
    public static IReadOnlyList<ExportColumn> OfResults() =>
    [
        new ExportColumn.Text("host", row => row.Fleet.From.Host),
        new ExportColumn.Count("bench", row => row.Fleet.From.Number),
        new ExportColumn.Text("cpu", row => row.Fleet.From.Cpu.Name),
        new ExportColumn.Text("mechanism", row => row.Result.Mechanism),
        new ExportColumn.Text("profile", row => row.Result.Profile),
        new ExportColumn.Text("verdict", row => row.Result.Verdict),
        new ExportColumn.Flag("stable", row => row.Result.Stable),
        new ExportColumn.Flag("complete", row => row.Bench.Complete),
        new ExportColumn.Number("core_cycles", row => row.CoreCycles?.Value),
        new ExportColumn.Number("core_cycles_low", row => row.CoreCycles?.Low),
        new ExportColumn.Number("core_cycles_high", row => row.CoreCycles?.High),
        new ExportColumn.Number("ns", row => row.Ns?.Value),
        new ExportColumn.Number("ns_low", row => row.Ns?.Low),
        new ExportColumn.Number("ns_high", row => row.Ns?.High),
        new ExportColumn.Number("tsc_ticks", row => row.TscTicks?.Value),
        new ExportColumn.Number("tsc_ticks_low", row => row.TscTicks?.Low),
        new ExportColumn.Number("tsc_ticks_high", row => row.TscTicks?.High),
        new ExportColumn.Number("coverage", row => row.CoreCycles?.Coverage),
        new ExportColumn.Number("ratio_to_base", row => row.Ratio?.Value),
        new ExportColumn.Number("ratio_to_base_low", row => row.Ratio?.Low),
        new ExportColumn.Number("ratio_to_base_high", row => row.Ratio?.High),
        new ExportColumn.Number("pairs_core_cycles_minimum", row => row.Result.CoreCycles?.Distribution.Minimum),
        new ExportColumn.Number("pairs_core_cycles_percentile5", row => row.Result.CoreCycles?.Distribution.Percentile5),
        new ExportColumn.Number("pairs_core_cycles_percentile25", row => row.Result.CoreCycles?.Distribution.Percentile25),
        new ExportColumn.Number("pairs_core_cycles_median", row => row.Result.CoreCycles?.Distribution.Median),
        new ExportColumn.Number("pairs_core_cycles_percentile75", row => row.Result.CoreCycles?.Distribution.Percentile75),
        new ExportColumn.Number("pairs_core_cycles_percentile95", row => row.Result.CoreCycles?.Distribution.Percentile95),
        new ExportColumn.Number("pairs_core_cycles_percentile99", row => row.Result.CoreCycles?.Distribution.Percentile99),
        new ExportColumn.Number("pairs_core_cycles_maximum", row => row.Result.CoreCycles?.Distribution.Maximum),
        new ExportColumn.Count("sessions", row => row.Result.CoreCycles?.Sessions.Count),
        new ExportColumn.Count("runs", row => row.Result.Runs),
        new ExportColumn.Count("pairs", row => row.Result.Pairs),
        new ExportColumn.Count("discarded_pairs", row => row.Result.DiscardedPairs),
        new ExportColumn.Number("intercept_core_cycles", row => row.Result.InterceptCoreCycles),
        new ExportColumn.Count("tsc_khz", row => row.Result.TscKhz),
        new ExportColumn.Text("cpu_vendor", row => row.Host.CpuVendor),
        new ExportColumn.Text("cpu_brand", row => row.Host.CpuBrand),
        new ExportColumn.Count("cpu_family", row => row.Host.CpuFamily),
        new ExportColumn.Count("cpu_model", row => row.Host.CpuModel),
        new ExportColumn.Count("cpu_stepping", row => row.Host.CpuStepping),
        new ExportColumn.Text("core_type", row => row.Host.Tuning.CoreType),
        new ExportColumn.Text("microcode", row => row.Host.Microcode),
        new ExportColumn.Text("hypervisor", row => row.Host.Hypervisor),
        new ExportColumn.Text("kernel", row => row.Host.Kernel),
        new ExportColumn.Text("kvm_module", row => row.Host.KvmModule),
        new ExportColumn.Text("mitigations", row => row.Fleet.From.Cpu.Identity.Mitigations?.Replace("\n", "; ", StringComparison.Ordinal)),
        new ExportColumn.Text("kvmsys_version", row => row.Bench.Version),
        new ExportColumn.Text("plan_hash", row => row.Bench.Plan.Hash),
        new ExportColumn.Count("seed", row => row.Bench.Plan.Seed),
    ];

    /// <summary>Of a table with a row for each session: these first, the result's columns behind them.</summary>
    public static IReadOnlyList<ExportColumn> OfSessions() =>
    [
        new ExportColumn.Count("session", row => row.Session + 1),
        new ExportColumn.Number("session_core_cycles", row => row.OfSession(row.Result.CoreCycles)),
        new ExportColumn.Number("session_ns", row => row.OfSession(row.Result.Ns)),
        new ExportColumn.Number("session_tsc_ticks", row => row.OfSession(row.Result.TscTicks)),
        .. OfResults(),
    ];
}
