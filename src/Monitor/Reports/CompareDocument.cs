// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports;

/// <summary>A comparison of two benches in JSON.</summary>
public sealed record CompareDocument
{
    /// <summary>Name and version of this schema; a field is never taken away within a version.</summary>
    public string Schema { get; init; } = "kvmsys.compare/1";

    /// <summary>The old bench.</summary>
    public required ComparedBenchDocument Base { get; init; }

    /// <summary>The new bench.</summary>
    public required ComparedBenchDocument New { get; init; }

    /// <summary>A change of so many per cent of the old cost does not matter.</summary>
    public required double ThresholdPercent { get; init; }

    /// <summary>Nor does a change of so many core cycles.</summary>
    public required double ThresholdCycles { get; init; }

    /// <summary>Of the changes' intervals, and of the p value: the largest that counts as a change.</summary>
    public double Significance { get; init; } = Comparison.Significance;

    /// <summary>Whether anything costs more than it did.</summary>
    public required bool Regression { get; init; }

    /// <summary>What to know before believing it.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>What is in both, in the new bench's order.</summary>
    public required IReadOnlyList<ComparedMechanismDocument> Results { get; init; }

    /// <summary>What is in the old bench alone, for people.</summary>
    public required IReadOnlyList<string> OnlyInBase { get; init; }

    /// <summary>What is in the new bench alone, for people.</summary>
    public required IReadOnlyList<string> OnlyInNew { get; init; }

    /// <summary>What is in both, but without a figure in one of them, for people.</summary>
    public required IReadOnlyList<string> WithoutFigure { get; init; }

    /// <summary>The document of a comparison.</summary>
    public static CompareDocument Of(BenchComparison comparison)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        return new()
        {
            Base = ComparedBenchDocument.Of(comparison.Base),
            New = ComparedBenchDocument.Of(comparison.New),
            ThresholdPercent = comparison.ThresholdRatio * 100,
            ThresholdCycles = comparison.ThresholdCycles,
            Regression = comparison.Slower.Any(),
            Warnings = comparison.Warnings,
            Results = [.. comparison.Results.Select(ComparedMechanismDocument.Of)],
            OnlyInBase = comparison.OnlyInBase,
            OnlyInNew = comparison.OnlyInNew,
            WithoutFigure = comparison.WithoutFigure,
        };
    }
}
