// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>The host and its daemon in JSON.</summary>
internal sealed record HostStateDocument
{
    /// <summary>Version of kvmsys.</summary>
    public required string Version { get; init; }

    /// <summary>True for a farm's controller; null for a daemon of one host.</summary>
    public bool? Farm { get; init; }

    /// <summary>Since when the daemon runs.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Whether no job is begun until somebody allows it again.</summary>
    public required bool Cordoned { get; init; }

    /// <summary>Whether results wait for room on the disk.</summary>
    public required bool DiskFull { get; init; }

    /// <summary>Jobs in each state.</summary>
    public required IReadOnlyDictionary<string, long> Jobs { get; init; }

    /// <summary>The number of the latest event that this is not older than; 0 for none.</summary>
    public required long LatestEvent { get; init; }

    /// <summary>The job that runs now; null for none.</summary>
    public JobDocument? Running { get; init; }

    /// <summary>A database that was found damaged at the start: where it lies now; null for none.</summary>
    public string? DatabaseSetAside { get; init; }

    /// <summary>The host.</summary>
    public required HostDocument Host { get; init; }

    /// <summary>The number of jobs in each state, under the states' names.</summary>
    public static IReadOnlyDictionary<string, long> CountsOf(IReadOnlyDictionary<JobState, long> counts) =>
        Enum.GetValues<JobState>().ToDictionary(JobWords.Of, state => counts.GetValueOrDefault(state));
}
