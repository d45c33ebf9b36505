// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>A page of jobs in JSON.</summary>
/// <param name="Jobs">The jobs, the latest first.</param>
internal sealed record JobListDocument(IReadOnlyList<JobDocument> Jobs)
{
    /// <summary>Where the next page is; null behind the last.</summary>
    public string? Next { get; init; }
}
