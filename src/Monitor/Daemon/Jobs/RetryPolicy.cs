// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Jobs;

/// <summary>What becomes of a job when an attempt at it has ended.</summary>
public static class RetryPolicy
{
    /// <summary>Interruptions after which a job is taken to be their cause.</summary>
    public const int MostInterruptions = 100;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    /// <summary>The longest time between two attempts.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    /// <summary>The job's next state, and how long its next attempt has to wait.</summary>
    /// <param name="outcome">How the attempt ended.</param>
    /// <param name="cancelRequested">Whether somebody wants the job to end.</param>
    /// <param name="counted">Attempts that count, this one included if it does: all that have ended, but those that were interrupted.</param>
    /// <param name="interrupted">Those that were, this one included.</param>
    /// <param name="most">Attempts after which it has failed.</param>
    public static (JobState State, TimeSpan Pause) Next(AttemptOutcome outcome, bool cancelRequested, int counted, int interrupted, int most) => outcome switch
    {
        AttemptOutcome.Succeeded => (JobState.Done, TimeSpan.Zero),
        AttemptOutcome.Cancelled => (JobState.Cancelled, TimeSpan.Zero),
        _ when cancelRequested => (JobState.Cancelled, TimeSpan.Zero),
        AttemptOutcome.Interrupted => (interrupted < MostInterruptions ? JobState.Queued : JobState.Failed, TimeSpan.Zero),
        AttemptOutcome.Refused => (JobState.Failed, TimeSpan.Zero),
        _ => (counted < most ? JobState.Queued : JobState.Failed, PauseAfter(counted)),
    };

    private static TimeSpan PauseAfter(int attempts)
    {
        const int doublings = 6;
        TimeSpan pause = FirstPause * (1 << Math.Clamp(attempts - 1, 0, doublings));
        return pause < LongestPause ? pause : LongestPause;
    }
}
