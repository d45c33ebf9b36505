// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Jobs;

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>A job in JSON.</summary>
internal sealed record JobDocument
{
    /// <summary>Its number.</summary>
    public required long Id { get; init; }

    /// <summary>Where it is.</summary>
    public required JobState State { get; init; }

    /// <summary>What was asked for. A program's file is not in it.</summary>
    public required JobRequest Request { get; init; }

    /// <summary>When it was submitted.</summary>
    public required DateTimeOffset SubmittedAt { get; init; }

    /// <summary>Who has submitted it.</summary>
    public required string SubmittedBy { get; init; }

    /// <summary>Seconds that an attempt may take.</summary>
    public required int DeadlineSeconds { get; init; }

    /// <summary>Attempts after which it has failed for good.</summary>
    public required int MaxAttempts { get; init; }

    /// <summary>Attempts that were begun.</summary>
    public required int AttemptsBegun { get; init; }

    /// <summary>Before this no further attempt is begun; null where none has to wait.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Whether somebody wants it to end.</summary>
    public required bool CancelRequested { get; init; }

    /// <summary>When it ended; null while it has not.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Why it is where it is, if there is something to say.</summary>
    public string? Reason { get; init; }

    /// <summary>The attempt whose result is the job's; null for none.</summary>
    public int? AcceptedAttempt { get; init; }

    /// <summary>How far it is, from 0 to 1; null when nobody knows.</summary>
    public double? Progress { get; init; }

    /// <summary>Its attempts; null in a list of jobs.</summary>
    public IReadOnlyList<JobAttempt>? Attempts { get; init; }

    /// <summary>The document of a job.</summary>
    /// <param name="job">The job.</param>
    /// <param name="loop">Knows how far it is.</param>
    /// <param name="attempts">Its attempts, if they are wanted.</param>
    public static JobDocument Of(Job job, JobEngine loop, IReadOnlyList<JobAttempt>? attempts = null) => new()
    {
        Id = job.Id,
        State = job.State,
        Request = job.Request,
        SubmittedAt = job.SubmittedAt,
        SubmittedBy = job.SubmittedBy,
        DeadlineSeconds = job.DeadlineSeconds,
        MaxAttempts = job.MaxAttempts,
        AttemptsBegun = job.Attempts,
        NotBefore = job.State == JobState.Queued && job.Attempts > 0 ? job.NotBefore : null,
        CancelRequested = job.CancelRequested,
        EndedAt = job.EndedAt,
        Reason = job.Reason,
        AcceptedAttempt = job.AcceptedAttempt,
        Progress = job.State == JobState.Running && loop.ProgressOf(job.Id) is { All: > 0 } status ? (double)status.Done / status.All : null,
        Attempts = attempts,
    };
}
