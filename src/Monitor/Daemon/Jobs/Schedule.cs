// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Jobs;

/// <summary>A schedule as the daemon keeps it.</summary>
internal sealed record Schedule
{
    /// <summary>The longest <see cref="Name"/>.</summary>
    public const int LongestName = 64;

    // What setting a clock to another zone's time, or to summer's, takes at most in most places.
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    /// <summary>Its name: there is one of that name at most.</summary>
    public required string Name { get; init; }

    /// <summary>What was set. A program's file is not in it.</summary>
    public required ScheduleRequest Request { get; init; }

    /// <summary>When it was set.</summary>
    public required DateTimeOffset SetAt { get; init; }

    /// <summary>Who has set it.</summary>
    public required string SetBy { get; init; }

    /// <summary>Due times up to this one, itself included, are settled.</summary>
    public required DateTimeOffset SettledUntil { get; init; }

    /// <summary>The due time of the last job; null while there was none.</summary>
    public DateTimeOffset? LastDue { get; init; }

    /// <summary>The last job; null while there was none.</summary>
    public long? LastJob { get; init; }

    /// <summary>Where the last job is; null while there was none.</summary>
    public JobState? LastJobState { get; init; }

    /// <summary>Due times that came while the job of the one before was not at its end, so that none was submitted.</summary>
    public required long Skipped { get; init; }

    /// <summary>Whether a job that is due waits for room in the queue.</summary>
    public required bool Postponed { get; init; }

    /// <summary>When it is due; null when this kvmsys, or this host's time zones, do not know it any more.</summary>
    public required Recurrence? Recurrence { get; init; }

    /// <summary>The due time that is to be settled next; one in the past was missed, or waits. Null for none.</summary>
    public DateTimeOffset? NextDue => Request.Paused ? null : Recurrence?.Next(SettledUntil);

    /// <summary>What is wrong with a name; null for nothing.</summary>
    public static string? ObjectionTo(string name) =>
        name.Length is > 0 and <= LongestName && char.IsAsciiLetterOrDigit(name[0]) && name.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '.' or '_' or '-')
            ? null
            : $"name: 1 to {LongestName} of a-z, 0-9, '.', '_' and '-', the first of them a letter or a digit";

    /// <summary>The due time that is to be settled now: of several that were missed, the latest stands for all. Null for none.</summary>
    /// <param name="now">What the clock shows.</param>
    public DateTimeOffset? DueAt(DateTimeOffset now) =>
        NextDue is DateTimeOffset due && due <= now ? Recurrence!.Latest(due, now) : null;

    /// <summary>
    /// Whether the clock was set back so far behind what is settled that due times on the way there are made again: for a small step back they are not,
    /// nor is the last one where it is the only one on the way.
    /// </summary>
    /// <param name="now">What the clock shows.</param>
    public bool IsAheadOf(DateTimeOffset now) => SettledUntil - now > LongestWait && !Request.Paused && Recurrence?.Next(now) < SettledUntil;
}
