// SPDX-License-Identifier: MIT

using FsCheck.Xunit;
using Kvmsys.Monitor.Daemon.Jobs;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>What becomes of a job when an attempt at it has ended.</summary>
public sealed class RetryPolicyTests
{
    private static readonly AttemptOutcome[] Outcomes = Enum.GetValues<AttemptOutcome>();

    [Theory]
    [InlineData(AttemptOutcome.Succeeded, 1, 3, JobState.Done)]
    [InlineData(AttemptOutcome.Succeeded, 3, 3, JobState.Done)]
    [InlineData(AttemptOutcome.Unstable, 1, 3, JobState.Queued)]
    [InlineData(AttemptOutcome.Unstable, 3, 3, JobState.Failed)]
    [InlineData(AttemptOutcome.Refused, 1, 3, JobState.Failed)]
    [InlineData(AttemptOutcome.Crashed, 2, 3, JobState.Queued)]
    [InlineData(AttemptOutcome.Crashed, 3, 3, JobState.Failed)]
    [InlineData(AttemptOutcome.Crashed, 1, 1, JobState.Failed)]
    [InlineData(AttemptOutcome.TimedOut, 1, 2, JobState.Queued)]
    [InlineData(AttemptOutcome.TimedOut, 2, 2, JobState.Failed)]
    [InlineData(AttemptOutcome.Lost, 1, 2, JobState.Queued)]
    [InlineData(AttemptOutcome.Lost, 2, 2, JobState.Failed)]
    [InlineData(AttemptOutcome.Cancelled, 1, 3, JobState.Cancelled)]
    public void An_outcome_and_the_attempts_before_it_decide(AttemptOutcome outcome, int counted, int most, JobState state) =>
        Assert.Equal(state, RetryPolicy.Next(outcome, cancelRequested: false, counted, interrupted: 0, most).State);

    [Theory]
    [InlineData(1, JobState.Queued)]
    [InlineData(RetryPolicy.MostInterruptions - 1, JobState.Queued)]
    [InlineData(RetryPolicy.MostInterruptions, JobState.Failed)]
    public void Interruptions_count_only_when_there_are_absurdly_many(int interrupted, JobState state) =>
        Assert.Equal((state, TimeSpan.Zero), RetryPolicy.Next(AttemptOutcome.Interrupted, cancelRequested: false, counted: 0, interrupted, most: 1));

    [Fact]
    public void A_job_that_nobody_wants_is_not_tried_again_but_a_result_is_one() => Assert.All(Outcomes, outcome => Assert.Equal(
        outcome == AttemptOutcome.Succeeded ? JobState.Done : JobState.Cancelled,
        RetryPolicy.Next(outcome, cancelRequested: true, counted: 1, interrupted: 1, most: 3).State));

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 4)]
    [InlineData(6, 32)]
    [InlineData(7, 60)]
    [InlineData(1_000_000, 60)]
    public void A_pause_is_twice_the_one_before_up_to_the_longest(int counted, int seconds) => Assert.Equal(
        TimeSpan.FromSeconds(seconds), RetryPolicy.Next(AttemptOutcome.Crashed, cancelRequested: false, counted, interrupted: 0, most: int.MaxValue).Pause);

    [Property]
    public void Whatever_the_outcomes_are_no_more_attempts_count_than_a_job_may_have(byte limit, byte[] outcomes)
    {
        int most = 1 + (limit % JobRequest.MostAttempts);
        int counted = 0;
        int interrupted = 0;
        JobState state = JobState.Queued;
        foreach (AttemptOutcome outcome in outcomes.Select(outcome => Outcomes[outcome % Outcomes.Length]).TakeWhile(_ => state == JobState.Queued))
        {
            _ = outcome == AttemptOutcome.Interrupted ? interrupted++ : counted++;
            (state, TimeSpan pause) = RetryPolicy.Next(outcome, cancelRequested: false, counted, interrupted, most);
            Assert.InRange(pause, TimeSpan.Zero, RetryPolicy.LongestPause);
            Assert.NotEqual(JobState.Running, state);
        }

        Assert.InRange(counted, 0, most);
        Assert.True(counted < most || state != JobState.Queued);
    }

    [Property]
    public void No_pause_is_longer_than_the_longest(byte outcome, bool cancelRequested, int counted, int interrupted, int most) => Assert.InRange(
        RetryPolicy.Next(Outcomes[outcome % Outcomes.Length], cancelRequested, counted, interrupted, most).Pause, TimeSpan.Zero, RetryPolicy.LongestPause);
}
