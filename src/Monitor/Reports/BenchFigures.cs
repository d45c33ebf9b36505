// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports;

/// <summary>What a series of benches keeps of each.</summary>
internal static class BenchFigures
{
    /// <summary>The bench itself, which has no number yet.</summary>
    /// <param name="bench">The bench.</param>
    /// <param name="time">When it was made.</param>
    public static HistoryEntry EntryOf(BenchDocument bench, DateTimeOffset time)
    {
        HostDocument host = bench.Host;
        return new()
        {
            Id = 0,
            Time = time,
            CpuBrand = host.CpuBrand,
            CpuSignature = CpuName.SignatureOf(host),
            Microcode = host.Microcode,
            Kernel = host.Kernel,
            Mitigations = MitigationsOf(host.Tuning.Vulnerabilities),
            Version = bench.Version,
            Verdict = bench.Weakest.Verdict,
            PlanHash = bench.Plan.Hash,
            Mechanisms = bench.Results.Count,
            Complete = bench.Complete,
            Stable = bench.Results.All(result => result.Stable),
        };
    }

    /// <summary>Its figures. What is derived in a file is derived here again, as a comparison does.</summary>
    public static IEnumerable<HistoryFigure> Of(BenchDocument bench, HistoryEntry entry) =>
        from result in bench.Results
        where result.CoreCycles is not null
        select new HistoryFigure(entry, result.Profile, result.Mechanism, result.Verdict, result.Stable, MedianInterval.Of(result.CoreCycles!.Sessions));

    /// <summary>A line for each vulnerability; no more of them, and no longer ones, than a kernel has.</summary>
    public static string? MitigationsOf(IReadOnlyDictionary<string, string> vulnerabilities)
    {
        const int most = 100;
        const int longest = 300;
        return vulnerabilities.Count == 0
            ? null
            : string.Join('\n', vulnerabilities.OrderBy(known => known.Key, StringComparer.Ordinal).Take(most)
                .Select(known => string.Concat($"{known.Key}: {known.Value}".Take(longest).Select(c => char.IsControl(c) ? ' ' : c))));
    }
}
