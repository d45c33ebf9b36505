// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Reports;

/// <summary>Where one side of a comparison is from, in JSON.</summary>
/// <param name="Version">Version of kvmsys that measured it.</param>
/// <param name="Verdict">The least of its results' verdicts.</param>
/// <param name="PlanHash">The same for two benches that measured the same in the same way.</param>
/// <param name="Host">Its host.</param>
public sealed record ComparedBenchDocument(string Version, string Verdict, string PlanHash, HostDocument Host)
{
    /// <summary>The document of a bench.</summary>
    public static ComparedBenchDocument Of(BenchDocument bench)
    {
        ArgumentNullException.ThrowIfNull(bench);
        return new(bench.Version, bench.Verdict, bench.Plan.Hash, bench.Host);
    }
}
