// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Statistics;
using Perfolizer.Mathematics.OutlierDetection;

namespace Kvmsys.Monitor.History;

/// <summary>One mechanism's cost over time, of benches that can be compared: the same host, the same CPU, the same verdict, the same plan.</summary>
/// <remarks>Microcode, kernel and version may differ: that one of them has changed a cost is what a series is looked at for.</remarks>
public sealed record HistorySeries
{
    /// <summary>The figures, in the order of time; at least one.</summary>
    public required IReadOnlyList<HistoryFigure> Figures { get; init; }

    /// <summary>Where the cost changed, in the same order.</summary>
    public required IReadOnlyList<HistoryChange> Changes { get; init; }

    /// <summary>Where microcode, kernel, mitigations or kvmsys changed, in the same order.</summary>
    public IReadOnlyList<HistoryHostChange> HostChanges =>
    [
        .. from pair in Figures.Zip(Figures.Skip(1), (before, after) => (Before: before.Entry, After: after.Entry))
           let what = Differences(pair.Before, pair.After).ToArray()
           where what.Length > 0
           select new HistoryHostChange(pair.After.Id, pair.After.Time, what),
    ];

    /// <summary>The series that are among some figures, in the order in which each begins.</summary>
    /// <param name="figures">The figures, in the order of time.</param>
    public static IReadOnlyList<HistorySeries> Of(IEnumerable<HistoryFigure> figures) =>
    [
        .. from figure in figures
           group figure by (figure.Profile, figure.Mechanism, figure.Entry.Host, figure.Entry.CpuBrand, figure.Entry.CpuSignature, figure.Verdict, figure.Entry.PlanHash) into same
           select new HistorySeries { Figures = [.. same], Changes = [.. ChangesIn([.. same.Where(figure => figure.IsTrusted)])] },
    ];

    private static IEnumerable<HistoryChange> ChangesIn(IReadOnlyList<HistoryFigure> figures)
    {
        double[] costs = [.. figures.Select(figure => figure.Cost.Value)];
        int[] starts = [.. ChangePoints.Of(costs)];
        for (int change = 0; change < starts.Length; change++)
        {
            int start = starts[change];
            Range before = (change == 0 ? 0 : starts[change - 1])..start;
            Range after = start..(change + 1 < starts.Length ? starts[change + 1] : costs.Length);
            Comparison levels = Comparison.Of(costs[before], costs[after]);
            HistoryEntry first = figures[start].Entry;
            yield return new(first.Id, first.Time, levels.Shift, levels.Ratio, levels.PValue, AlsoChanged(figures, costs[before], start, costs[after]));
        }
    }

    /// <summary>What else has changed where a level starts; where nothing has, what did one bench beside it, if the bench between is no outlier of the level on its other side.</summary>
    /// <remarks>Noise may put the last bench of a level, or the first of the next one, on the wrong side; Tukey's fences tell whether it may have been noise.</remarks>
    private static string[] AlsoChanged(IReadOnlyList<HistoryFigure> figures, double[] before, int start, double[] after)
    {
        string[] there = ChangedAt(start), earlier = ChangedAt(start - 1), later = ChangedAt(start + 1);
        return there.Length > 0 ? there
            : earlier.Length > 0 && IsOf(after, figures[start - 1]) ? earlier
            : later.Length > 0 && IsOf(before, figures[start]) ? later
            : [];

        string[] ChangedAt(int index) => [.. Differences(figures[index - 1].Entry, figures[index].Entry)];

        static bool IsOf(double[] level, HistoryFigure between) => !TukeyOutlierDetector.Create(level).IsOutlier(between.Cost.Value);
    }

    /// <summary>What else than the cost differs between two benches, a few words each.</summary>
    internal static IEnumerable<string> Differences(HistoryEntry before, HistoryEntry after) =>
        from difference in (IEnumerable<(string Name, string? Before, string? After)>)
        [
            ("microcode", before.Microcode, after.Microcode),
            ("kernel", before.Kernel, after.Kernel),
            ("kvmsys", before.Version, after.Version),
            .. MitigationsOf(before, after),
        ]
        where difference.Before != difference.After
        select $"{difference.Name} {difference.Before ?? "unknown"} -> {difference.After ?? "unknown"}";

    /// <summary>What is said of each vulnerability; nothing where nobody kept one side.</summary>
    private static IEnumerable<(string Name, string? Before, string? After)> MitigationsOf(HistoryEntry before, HistoryEntry after)
    {
        if (before.Mitigations is not string older || after.Mitigations is not string newer || older == newer)
        {
            return [];
        }

        Dictionary<string, string> said = ByName(older);
        Dictionary<string, string> says = ByName(newer);
        return said.Keys.Union(says.Keys).Select(name => ($"mitigation of {name}:", said.GetValueOrDefault(name), says.GetValueOrDefault(name)));

        static Dictionary<string, string> ByName(string lines)
        {
            Dictionary<string, string> byName = [];
            foreach (string line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                int colon = line.IndexOf(": ", StringComparison.Ordinal);
                byName[colon < 0 ? line : line[..colon]] = colon < 0 ? "" : line[(colon + 2)..];
            }

            return byName;
        }
    }
}
