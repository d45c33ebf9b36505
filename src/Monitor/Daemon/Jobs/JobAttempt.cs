// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Jobs;

/// <summary>One attempt at a job.</summary>
public sealed record JobAttempt
{
    /// <summary>Its number, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>In a farm: the host that makes it; null for this one.</summary>
    public string? Host { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it ended; null while it has not.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>How; null while it has not.</summary>
    public AttemptOutcome? Outcome { get; init; }

    /// <summary>The status of its process; 128 and the signal's number where one ended it.</summary>
    public int? ExitStatus { get; init; }

    /// <summary>What went wrong.</summary>
    public string? Reason { get; init; }

    /// <summary>The end of what its process wrote to standard error.</summary>
    public string? Log { get; init; }

    /// <summary>Whether what it has measured is kept.</summary>
    public required bool HasDocument { get; init; }
}
