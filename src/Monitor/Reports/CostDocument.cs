// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports;

/// <summary>A call's cost in JSON, in the unit that the field's name tells.</summary>
public sealed record CostDocument
{
    /// <summary>True for a figure that is no CPU's; not there otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Emulated { get; init; }

    /// <summary>The median of the sessions' medians.</summary>
    public required double Value { get; init; }

    /// <summary>Lower end of its confidence interval.</summary>
    public required double Low { get; init; }

    /// <summary>Upper end.</summary>
    public required double High { get; init; }

    /// <summary>How often such an interval has the true value in it, 0 to 1.</summary>
    public required double Coverage { get; init; }

    /// <summary>The sessions' medians, in the order in which they were measured.</summary>
    public required IReadOnlyList<double> Sessions { get; init; }

    /// <summary>All pairs of batches together.</summary>
    public required Distribution Distribution { get; init; }

    /// <summary>The value and its interval.</summary>
    [JsonIgnore]
    public Estimate Estimate => new(Value, Low, High, Coverage);

    /// <summary>The document of a cost.</summary>
    /// <param name="cost">The cost; null for none.</param>
    /// <param name="verdict">What it is worth.</param>
    public static CostDocument? Of(CallCost? cost, Verdict verdict) => cost is null ? null : new()
    {
        Emulated = verdict == Verdict.Emulated ? true : null,
        Value = cost.Estimate.Value,
        Low = cost.Estimate.Low,
        High = cost.Estimate.High,
        Coverage = cost.Estimate.Coverage,
        Sessions = cost.Sessions,
        Distribution = cost.Distribution,
    };
}
