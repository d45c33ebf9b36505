// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Jobs;

/// <summary>What states, kinds and outcomes are called: in JSON, in the database, and to people.</summary>
internal static class JobWords
{
    /// <summary>For example "queued".</summary>
    public static string Of(JobState state) => state switch
    {
        JobState.Queued => "queued",
        JobState.Running => "running",
        JobState.Done => "done",
        JobState.Failed => "failed",
        JobState.Cancelled => "cancelled",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, null),
    };

    /// <summary>For example "bench".</summary>
    public static string Of(JobKind kind) => kind switch
    {
        JobKind.Bench => "bench",
        JobKind.Run => "run",
        JobKind.Doctor => "doctor",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    /// <summary>For example "timed-out".</summary>
    public static string Of(AttemptOutcome outcome) => outcome switch
    {
        AttemptOutcome.Succeeded => "succeeded",
        AttemptOutcome.Unstable => "unstable",
        AttemptOutcome.Refused => "refused",
        AttemptOutcome.Crashed => "crashed",
        AttemptOutcome.TimedOut => "timed-out",
        AttemptOutcome.Lost => "lost",
        AttemptOutcome.Interrupted => "interrupted",
        AttemptOutcome.Cancelled => "cancelled",
        AttemptOutcome.Superseded => "superseded",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, null),
    };

    /// <summary>The state of that name; null for none.</summary>
    public static JobState? StateOf(string text) => Enum.GetValues<JobState>().Where(state => Of(state) == text).Cast<JobState?>().FirstOrDefault();

    /// <summary>The outcome of that name; null for none.</summary>
    public static AttemptOutcome? OutcomeOf(string text) =>
        Enum.GetValues<AttemptOutcome>().Where(outcome => Of(outcome) == text).Cast<AttemptOutcome?>().FirstOrDefault();
}
