// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Jobs;

/// <summary>A job as the daemon keeps it.</summary>
public sealed record Job
{
    /// <summary>Its number; never given twice.</summary>
    public required long Id { get; init; }

    /// <summary>What was asked for. A program's file is not in it.</summary>
    public required JobRequest Request { get; init; }

    /// <summary>Where it is.</summary>
    public required JobState State { get; init; }

    /// <summary>When it was submitted.</summary>
    public required DateTimeOffset SubmittedAt { get; init; }

    /// <summary>Who has submitted it.</summary>
    public required string SubmittedBy { get; init; }

    /// <summary>Seconds that an attempt may take.</summary>
    public required int DeadlineSeconds { get; init; }

    /// <summary>Attempts after which it has failed for good.</summary>
    public required int MaxAttempts { get; init; }

    /// <summary>Attempts that were begun.</summary>
    public required int Attempts { get; init; }

    /// <summary>Before this no further attempt is begun.</summary>
    public required DateTimeOffset NotBefore { get; init; }

    /// <summary>Whether somebody wants it to end.</summary>
    public required bool CancelRequested { get; init; }

    /// <summary>When it ended; null while it has not.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Why it is where it is, if there is something to say.</summary>
    public string? Reason { get; init; }

    /// <summary>The attempt whose result is the job's; null for none.</summary>
    public int? AcceptedAttempt { get; init; }

    /// <summary>Whether it has come to its end.</summary>
    public bool HasEnded => State is JobState.Done or JobState.Failed or JobState.Cancelled;
}
