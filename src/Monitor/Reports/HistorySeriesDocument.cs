// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;
using Kvmsys.Monitor.History;

namespace Kvmsys.Monitor.Reports;

/// <summary>One mechanism's cost over time in JSON, of benches that can be compared. Costs are in core cycles.</summary>
public sealed record HistorySeriesDocument
{
    /// <summary>The kernel's profile.</summary>
    public required string Profile { get; init; }

    /// <summary>The mechanism.</summary>
    public required string Mechanism { get; init; }

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

    /// <summary>The figures, in the order of time.</summary>
    public required IReadOnlyList<HistoryPointDocument> Points { get; init; }

    /// <summary>Where the cost changed.</summary>
    public required IReadOnlyList<HistoryChange> Changes { get; init; }

    /// <summary>Where microcode, kernel, mitigations or kvmsys changed, whatever that has done to the cost.</summary>
    public required IReadOnlyList<HistoryHostChange> HostChanges { get; init; }

    /// <summary>The document of a series.</summary>
    public static HistorySeriesDocument Of(HistorySeries series)
    {
        ArgumentNullException.ThrowIfNull(series);
        HistoryFigure first = series.Figures[0];
        return new()
        {
            Profile = first.Profile,
            Mechanism = first.Mechanism,
            Host = first.Entry.Host,
            CpuBrand = first.Entry.CpuBrand,
            CpuSignature = first.Entry.CpuSignature,
            Verdict = first.Verdict,
            PlanHash = first.Entry.PlanHash,
            Points = [.. series.Figures.Select(HistoryPointDocument.Of)],
            Changes = [.. series.Changes.Select(change => change with { Emulated = first.Verdict == Spelling.Of(Measurement.Verdict.Emulated) ? true : null })],
            HostChanges = series.HostChanges,
        };
    }
}
