// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Jobs;

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>A schedule in JSON.</summary>
internal sealed record ScheduleDocument
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Five fields of cron's, or a name such as @daily.</summary>
    public required string Cron { get; init; }

    /// <summary>The time zone that it means.</summary>
    public required string TimeZone { get; init; }

    /// <summary>Whether nothing is submitted until somebody wants it again.</summary>
    public required bool Paused { get; init; }

    /// <summary>What is submitted. A program's file is not in it.</summary>
    public required JobRequest Job { get; init; }

    /// <summary>When it was set.</summary>
    public required DateTimeOffset SetAt { get; init; }

    /// <summary>Who has set it.</summary>
    public required string SetBy { get; init; }

    /// <summary>When it is due next; null when it is paused, or not known any more.</summary>
    public DateTimeOffset? NextAt { get; init; }

    /// <summary>The due time of the last job; null while there was none.</summary>
    public DateTimeOffset? LastAt { get; init; }

    /// <summary>The last job; null while there was none.</summary>
    public long? LastJob { get; init; }

    /// <summary>Where the last job is; null while there was none.</summary>
    public JobState? LastJobState { get; init; }

    /// <summary>Due times at which none was submitted, because the job before was not at its end.</summary>
    public required long Skipped { get; init; }

    /// <summary>Whether a job that is due waits for room in the queue.</summary>
    public required bool Postponed { get; init; }

    /// <summary>The document of a schedule.</summary>
    public static ScheduleDocument Of(Schedule schedule) => new()
    {
        Name = schedule.Name,
        Cron = schedule.Request.Cron,
        TimeZone = schedule.Request.TimeZone ?? "UTC",
        Paused = schedule.Request.Paused,
        Job = schedule.Request.Job,
        SetAt = schedule.SetAt,
        SetBy = schedule.SetBy,
        NextAt = schedule.NextDue,
        LastAt = schedule.LastDue,
        LastJob = schedule.LastJob,
        LastJobState = schedule.LastJobState,
        Skipped = schedule.Skipped,
        Postponed = schedule.Postponed,
    };
}
