// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports;

/// <summary>What a mitigation, or the host's Linux, adds to an entry, in JSON.</summary>
public sealed record DifferenceDocument
{
    /// <summary>Mechanism of the result with it, for example "syscall+ibrs".</summary>
    public required string Mechanism { get; init; }

    /// <summary>Profile of the result with it.</summary>
    public required string Profile { get; init; }

    /// <summary>Mechanism of the result without it.</summary>
    public required string BaseMechanism { get; init; }

    /// <summary>Profile of the result without it.</summary>
    public required string BaseProfile { get; init; }

    /// <summary>True for a figure that is no CPU's; not there otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Emulated { get; init; }

    /// <summary>The shift between the sessions' medians in core cycles (Hodges and Lehmann).</summary>
    public required double CoreCycles { get; init; }

    /// <summary>Lower end of its confidence interval.</summary>
    public required double Low { get; init; }

    /// <summary>Upper end.</summary>
    public required double High { get; init; }

    /// <summary>How often such an interval has the true value in it, 0 to 1.</summary>
    public required double Coverage { get; init; }

    /// <summary>Whether EPT or NPT makes it dearer than it is on bare metal.</summary>
    public required bool InflatedByNestedPaging { get; init; }

    /// <summary>The shift and its interval.</summary>
    [JsonIgnore]
    public Estimate Estimate => new(CoreCycles, Low, High, Coverage);

    /// <summary>What adds it, for people: for example "ibrs", with a star where two levels of page tables make it dearer.</summary>
    [JsonIgnore]
    public string What => Mechanism.IndexOf('+', StringComparison.Ordinal) is int plus and > 0
        ? Mechanism[(plus + 1)..] + (InflatedByNestedPaging ? "*" : "")
        : $"this host's Linux ({Name})";

    /// <summary>The result with it, for people.</summary>
    [JsonIgnore]
    public string Name => $"{Mechanism} on {Profile}";

    /// <summary>What it is added to, for people.</summary>
    [JsonIgnore]
    public string BaseName => $"{BaseMechanism} on {BaseProfile}";

    /// <summary>The document of a difference.</summary>
    public static DifferenceDocument Of(CostDifference difference)
    {
        ArgumentNullException.ThrowIfNull(difference);
        MechanismResult with = difference.With;
        return new DifferenceDocument
        {
            Mechanism = Spelling.Of(with.Mechanism, with.Mitigation),
            Profile = Spelling.Of(with.Profile),
            BaseMechanism = Spelling.Of(difference.Without.Mechanism, difference.Without.Mitigation),
            BaseProfile = Spelling.Of(difference.Without.Profile),
            Emulated = BenchReport.IsEmulated(difference) ? true : null,
            CoreCycles = difference.CoreCycles.Value,
            Low = difference.CoreCycles.Low,
            High = difference.CoreCycles.High,
            Coverage = difference.CoreCycles.Coverage,
            InflatedByNestedPaging = new EntryPath(with.Profile, with.Mechanism, Mitigation: with.Mitigation).IsInflatedByNestedPaging,
        };
    }
}
