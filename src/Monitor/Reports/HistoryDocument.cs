// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.History;

namespace Kvmsys.Monitor.Reports;

/// <summary>A history in JSON.</summary>
public sealed record HistoryDocument
{
    /// <summary>Name and version of this schema; a field is never taken away within a version.</summary>
    public string Schema { get; init; } = "kvmsys.history/1";

    /// <summary>The history's file.</summary>
    public required string Path { get; init; }

    /// <summary>The benches, in the order of time; null when a mechanism was asked for.</summary>
    public IReadOnlyList<HistoryEntry>? Entries { get; init; }

    /// <summary>The mechanism's cost over time; null when none was asked for.</summary>
    public IReadOnlyList<HistorySeriesDocument>? Series { get; init; }
}
