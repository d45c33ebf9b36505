// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.History;

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>A page of accepted benches in JSON. An entry's number is that of its job.</summary>
/// <param name="Results">The benches, the latest first.</param>
internal sealed record ResultListDocument(IReadOnlyList<HistoryEntry> Results)
{
    /// <summary>Where the next page is; null behind the last.</summary>
    public string? Next { get; init; }
}
