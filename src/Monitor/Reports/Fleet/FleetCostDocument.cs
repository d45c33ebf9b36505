// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>A call's cost by one or several benches in JSON, in the unit that the field's name tells.</summary>
public sealed record FleetCostDocument
{
    /// <summary>True for a figure that is no CPU's; not there otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Emulated { get; init; }

    /// <summary>The median of the benches' medians.</summary>
    public required double Value { get; init; }

    /// <summary>Lower end of the interval.</summary>
    public required double Low { get; init; }

    /// <summary>Upper end.</summary>
    public required double High { get; init; }

    /// <summary>How often such an interval has the true value in it, 0 to 1.</summary>
    public required double Coverage { get; init; }

    /// <summary>What the interval is: sessions, hull or benches.</summary>
    public required string Interval { get; init; }

    /// <summary>Benches that have this figure.</summary>
    public required int Benches { get; init; }

    /// <summary>The document of a cost.</summary>
    /// <param name="cost">The cost; null for none.</param>
    /// <param name="emulated">Whether it is no CPU's.</param>
    public static FleetCostDocument? Of(FleetCost? cost, bool emulated) => cost is null ? null : new()
    {
        Emulated = emulated ? true : null,
        Value = cost.Estimate.Value,
        Low = cost.Estimate.Low,
        High = cost.Estimate.High,
        Coverage = cost.Estimate.Coverage,
        Interval = Spelling.Of(cost.Interval),
        Benches = cost.Benches,
    };
}
