// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports;

/// <summary>One figure of a series in JSON.</summary>
/// <param name="Id">The entry's number.</param>
/// <param name="Time">When it was made.</param>
/// <param name="Complete">Whether all that was planned was measured.</param>
/// <param name="Stable">Whether enough was left to be trusted.</param>
/// <param name="CoreCycles">The cost in core cycles.</param>
public sealed record HistoryPointDocument(long Id, DateTimeOffset Time, bool Complete, bool Stable, Estimate CoreCycles)
{
    /// <summary>True for a figure that is no CPU's; not there otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Emulated { get; init; }

    /// <summary>The document of a figure.</summary>
    public static HistoryPointDocument Of(HistoryFigure figure)
    {
        ArgumentNullException.ThrowIfNull(figure);
        return new(figure.Entry.Id, figure.Entry.Time, figure.Entry.Complete, figure.Stable, figure.Cost)
        {
            Emulated = figure.Verdict == Spelling.Of(Verdict.Emulated) ? true : null,
        };
    }
}
