// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports;

/// <summary>That a mechanism costs more than it did, or less, by more than the host's own noise; with its evidence. Costs are in core cycles.</summary>
public sealed record RegressionDocument
{
    /// <summary>The mechanism.</summary>
    public required string Mechanism { get; init; }

    /// <summary>The kernel's profile.</summary>
    public required string Profile { get; init; }

    /// <summary>"slower" or "faster".</summary>
    public required string Finding { get; init; }

    /// <summary>The first bench of the new level.</summary>
    public required long From { get; init; }

    /// <summary>When that was made.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>What it did cost: the median of the level's benches, with its interval.</summary>
    public required Estimate Before { get; init; }

    /// <summary>What it costs now.</summary>
    public required Estimate After { get; init; }

    /// <summary>Benches of the level before.</summary>
    public required int BenchesBefore { get; init; }

    /// <summary>Benches of the new level.</summary>
    public required int BenchesAfter { get; init; }

    /// <summary>How much more it is (Hodges and Lehmann), with its interval.</summary>
    public required Estimate Shift { get; init; }

    /// <summary>The two-sided p value of Mann and Whitney's test of the two levels.</summary>
    public required double PValue { get; init; }

    /// <summary>The host's own noise.</summary>
    public required NoiseFloor Noise { get; init; }

    /// <summary>A shift of this much would not have been told: the noise, a hundredth of the cost or a cycle, whichever is most.</summary>
    public required double Threshold { get; init; }

    /// <summary>What else changed there, a few words each: between the last bench before and the first one after, or one bench beside them where noise may have hidden it.</summary>
    public required IReadOnlyList<string> AlsoChanged { get; init; }

    /// <summary>The host of a farm that it is of; null where there is only one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Host { get; init; }

    /// <summary>Brand string of the CPU.</summary>
    public required string CpuBrand { get; init; }

    /// <summary>Vendor, family, model and stepping of the CPU.</summary>
    public required string CpuSignature { get; init; }

    /// <summary>What the figures are worth.</summary>
    public required string Verdict { get; init; }

    /// <summary>The plan that all of them were measured by.</summary>
    public required string PlanHash { get; init; }

    /// <summary>Whether it costs more.</summary>
    public bool IsSlower() => Finding == Spelling.Of(Statistics.Finding.Slower);

    /// <summary>Those of a series; none of one whose figures are no CPU's, or whose noise is not known.</summary>
    public static IEnumerable<RegressionDocument> In(HistorySeries series)
    {
        ArgumentNullException.ThrowIfNull(series);
        HistoryFigure[] figures = [.. series.Figures.Where(figure => figure.IsTrusted)];
        int[] starts = [.. series.Changes.Select(change => Array.FindIndex(figures, figure => figure.Entry.Id == change.From))];
        if (figures.Length == 0 || figures[0].Verdict == Spelling.Of(Measurement.Verdict.Emulated) || NoiseFloor.Of(figures, starts) is not NoiseFloor noise)
        {
            yield break;
        }

        double[] costs = [.. figures.Select(figure => figure.Cost.Value)];
        for (int change = 0; change < starts.Length; change++)
        {
            double[] before = costs[(change == 0 ? 0 : starts[change - 1])..starts[change]];
            double[] after = costs[starts[change]..(change + 1 < starts.Length ? starts[change + 1] : costs.Length)];
            Comparison levels = Comparison.Of(before, after, thresholdAbsolute: Math.Max(1, noise.CoreCycles));
            if (levels.Finding is Statistics.Finding.Slower or Statistics.Finding.Faster)
            {
                HistoryFigure first = figures[starts[change]];
                yield return new()
                {
                    Mechanism = first.Mechanism,
                    Profile = first.Profile,
                    Finding = Spelling.Of(levels.Finding),
                    From = first.Entry.Id,
                    Time = first.Entry.Time,
                    Before = MedianInterval.Of(before),
                    After = MedianInterval.Of(after),
                    BenchesBefore = before.Length,
                    BenchesAfter = after.Length,
                    Shift = levels.Shift,
                    PValue = levels.PValue,
                    Noise = noise,
                    Threshold = levels.Threshold,
                    AlsoChanged = series.Changes[change].AlsoChanged,
                    Host = first.Entry.Host,
                    CpuBrand = first.Entry.CpuBrand,
                    CpuSignature = first.Entry.CpuSignature,
                    Verdict = first.Verdict,
                    PlanHash = first.Entry.PlanHash,
                };
            }
        }
    }
}
