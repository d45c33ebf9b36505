// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Measurement;
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

    /// <summary>Why two benches cannot be compared, and the cure; null when they can.</summary>
    /// <param name="before">The old one.</param>
    /// <param name="after">The new one.</param>
    /// <param name="differentHosts">Whether they may be from different hosts.</param>
    /// <param name="allowing">How somebody says that they may.</param>
    public static (string Reason, string Cure)? ObjectionTo(BenchDocument before, BenchDocument after, bool differentHosts, string allowing)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        (MechanismDocument Before, MechanismDocument After)[] pairs = [.. PairsOf(before, after)];
        if (pairs.Length == 0)
        {
            return ("nothing is in both benches", "measure the same mechanisms on the same profiles");
        }

        if (!differentHosts && CpuOf(before.Host) != CpuOf(after.Host))
        {
            return ($"the benches are from different CPUs: {CpuOf(before.Host)}, and {CpuOf(after.Host)}", $"compare benches of one CPU, or say {allowing}");
        }

        string emulated = Spelling.Of(Verdict.Emulated);
        foreach ((MechanismDocument older, MechanismDocument newer) in pairs)
        {
            string verdicts = $"the verdicts on {newer.Name} differ: {older.Verdict} and {newer.Verdict}";
            if (older.Verdict != newer.Verdict && (older.Verdict == emulated || newer.Verdict == emulated))
            {
                return (verdicts, "measure both on a CPU");
            }

            if (!differentHosts && older.Verdict != newer.Verdict)
            {
                return (verdicts, $"measure both on the same host, or say {allowing}");
            }

            if (newer.Verdict == emulated && (older.CoreCycles is null || newer.CoreCycles is null))
            {
                return ($"{newer.Name} was emulated, and a bench has no figure of it", "measure on a CPU, or run both benches with --show-emulated");
            }
        }

        return null;
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

    /// <summary>Which CPU, for people, and to see whether two are the same.</summary>
    private static string CpuOf(HostDocument host) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Shown.OneLine(host.CpuVendor)} family {host.CpuFamily} model {host.CpuModel} stepping {host.CpuStepping}");

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
