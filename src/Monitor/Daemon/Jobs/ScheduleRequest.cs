// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Jobs;

/// <summary>A schedule as somebody sets it: a job, and when it is submitted again and again.</summary>
public sealed record ScheduleRequest
{
    /// <summary>Five fields of cron's, or a name such as @daily.</summary>
    public required string Cron { get; init; }

    /// <summary>The IANA name of the time zone that it means; UTC where nothing is said.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Whether nothing is submitted until somebody wants it again.</summary>
    public bool Paused { get; init; }

    /// <summary>What is submitted.</summary>
    public required JobRequest Job { get; init; }

    /// <summary>What is wrong with it; empty where nothing is.</summary>
    public IEnumerable<string> Objections()
    {
        Recurrence.Parse(Cron, TimeZone, out IReadOnlyList<string> objections);
        return objections.Concat(Job.Objections().Select(objection => $"job.{objection}"));
    }
}
