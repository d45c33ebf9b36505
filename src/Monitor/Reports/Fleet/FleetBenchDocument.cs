// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>Where a bench of a comparison is from, in JSON.</summary>
/// <param name="Host">Its host's name.</param>
/// <param name="Number">Which of this host's benches it is, counted from 1.</param>
/// <param name="Cpu">Name of its CPU model.</param>
/// <param name="Hypervisor">Name of the hypervisor under its host; null on bare metal.</param>
/// <param name="Version">Version of kvmsys that measured it.</param>
/// <param name="Verdict">The least of its results' verdicts.</param>
/// <param name="PlanHash">The same for two benches that measured the same in the same way.</param>
/// <param name="Seed">Decided all that was random.</param>
/// <param name="Complete">Whether all that was planned was measured.</param>
/// <param name="Stable">Whether enough was left of every result to be trusted.</param>
public sealed record FleetBenchDocument(
    string Host, int Number, string Cpu, string? Hypervisor, string Version, string Verdict, string PlanHash, int Seed, bool Complete, bool Stable)
{
    /// <summary>The document of a bench.</summary>
    public static FleetBenchDocument Of(FleetBench bench)
    {
        ArgumentNullException.ThrowIfNull(bench);
        BenchDocument document = bench.Bench;
        return new(
            bench.Host,
            bench.Number,
            bench.Cpu.Name,
            document.Host.Hypervisor,
            document.Version,
            document.Verdict,
            document.Plan.Hash,
            document.Plan.Seed,
            document.Complete,
            document.Results.All(result => result.Stable));
    }
}
