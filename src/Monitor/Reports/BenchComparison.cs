// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports;

/// <summary>Two benches side by side: what became of each mechanism's cost in core cycles.</summary>
public sealed record BenchComparison
{
    /// <summary>Sessions a side from which the change's interval has more than a few ends to choose from; Google Benchmark's compare.py asks
    /// for as many repetitions.</summary>
    public const int EnoughSessions = 9;

    /// <summary>The old bench.</summary>
    public required BenchDocument Base { get; init; }

    /// <summary>The new bench.</summary>
    public required BenchDocument New { get; init; }

    /// <summary>A change of this part of the old cost does not matter.</summary>
    public required double ThresholdRatio { get; init; }

    /// <summary>Nor does a change of this, in core cycles.</summary>
    public required double ThresholdCycles { get; init; }

    /// <summary>What is in both and has a figure in both, in the new bench's order.</summary>
    public required IReadOnlyList<MechanismComparison> Results { get; init; }

    /// <summary>What is in the old bench alone, for example "int80 on bare".</summary>
    public required IReadOnlyList<string> OnlyInBase { get; init; }

    /// <summary>What is in the new bench alone.</summary>
    public required IReadOnlyList<string> OnlyInNew { get; init; }

    /// <summary>What is in both, but without a figure in one of them, since nothing of it was left that counts.</summary>
    public required IReadOnlyList<string> WithoutFigure { get; init; }

    /// <summary>What costs more than it did.</summary>
    public IEnumerable<MechanismComparison> Slower => Results.Where(result => result.Change.Finding == Finding.Slower);

    /// <summary>What a reader should know before believing it, a sentence each.</summary>
    public IReadOnlyList<string> Warnings
    {
        get
        {
            List<string> warnings = [];
            if (Base.Plan.Hash != New.Plan.Hash)
            {
                warnings.Add(
                    $"the plans differ ({Base.Plan.Hash} and {New.Plan.Hash}): the benches did not measure the same in the same way. Cure: run both with the same options");
            }

            if (Results.Any(result => Math.Min(result.BaseSessions, result.NewSessions) < EnoughSessions))
            {
                warnings.Add(
                    $"fewer than {EnoughSessions} sessions ({Fewest(result => result.BaseSessions)} and {Fewest(result => result.NewSessions)}): the intervals are coarse. Cure: kvmsys bench --sessions 10, or --full");
            }

            warnings.AddRange(Doubts("base", Base).Concat(Doubts("new", New)));
            return warnings;
        }
    }

    /// <summary>Compares two benches.</summary>
    /// <param name="before">The old one.</param>
    /// <param name="after">The new one.</param>
    /// <param name="thresholdRatio">A change of this part of the old cost does not matter.</param>
    /// <param name="thresholdCycles">Nor does a change of this, in core cycles.</param>
    public static BenchComparison Of(BenchDocument before, BenchDocument after, double thresholdRatio, double thresholdCycles)
    {
        (MechanismDocument Before, MechanismDocument After)[] both = [.. PairsOf(before, after)];
        ILookup<bool, (MechanismDocument Before, MechanismDocument After)> byFigures =
            both.ToLookup(pair => pair.Before.CoreCycles is not null && pair.After.CoreCycles is not null);
        return new()
        {
            Base = before,
            New = after,
            ThresholdRatio = thresholdRatio,
            ThresholdCycles = thresholdCycles,
            Results = [.. byFigures[true].Select(pair => MechanismComparison.Of(pair.Before, pair.After, thresholdRatio, thresholdCycles))],
            OnlyInBase = [.. before.Results.Except(both.Select(pair => pair.Before)).Select(result => result.Name)],
            OnlyInNew = [.. after.Results.Except(both.Select(pair => pair.After)).Select(result => result.Name)],
            WithoutFigure = [.. byFigures[false].Select(pair => pair.After.Name)],
        };
    }

    /// <summary>What is in both benches, in the new one's order.</summary>
    public static IEnumerable<(MechanismDocument Before, MechanismDocument After)> PairsOf(BenchDocument before, BenchDocument after) =>
        from newer in after.Results
        from older in before.Results
        where newer.Name == older.Name
        select (older, newer);

    private static IEnumerable<string> Doubts(string side, BenchDocument bench)
    {
        if (!bench.Complete)
        {
            yield return $"the {side} bench is incomplete: something ended it early";
        }

        if (!bench.Stable)
        {
            string unstable = string.Join(", ", bench.Results.Where(result => !result.Stable).Select(result => result.Name));
            yield return $"the {side} bench is unstable: {unstable}. Cure: see what it says of discarded pairs";
        }
    }

    private int Fewest(Func<MechanismComparison, int> sessions) => Results.Min(sessions);
}
