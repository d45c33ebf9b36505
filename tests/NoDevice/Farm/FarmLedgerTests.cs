// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Farm.Controller;
using Kvmsys.Monitor.Farm.Protocol;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>The ledger of a farm, without anybody who publishes.</summary>
public sealed class FarmLedgerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-ledger-").FullName;
    private readonly JobStore _jobs;
    private readonly FarmLedger _ledger;

    public FarmLedgerTests()
    {
        _jobs = JobStore.Open(_folder, TimeProvider.System);
        _ledger = new(_jobs, TimeProvider.System);
    }

    public void Dispose()
    {
        _jobs.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_job_waits_in_the_outbox_until_it_is_published_and_again_when_it_is_not_there_any_more()
    {
        long id = Submit();
        Assert.Equal([(id, 0)], _ledger.Outbox(10));
        _ledger.NotePublished(id, 1);
        Assert.Empty(_ledger.Outbox(10));
        Assert.True(_ledger.PublishAgain(id));
        Assert.Equal([(id, 1)], _ledger.Outbox(10));
    }

    [Fact]
    public void A_job_that_runs_and_is_cancelled_while_it_waits_to_be_published_again_waits_no_more()
    {
        long id = Submit();
        _ledger.NotePublished(id, 1);
        Assert.True(_ledger.Begin(Report(id)));
        Assert.True(_ledger.PublishAgain(id));
        _jobs.Cancel(id);
        Assert.Empty(_ledger.Outbox(10));
        Assert.Equal([id], _ledger.Cancelled());
        Assert.Equal([id], _ledger.CancelledOn("a"));
    }

    [Fact]
    public void What_is_told_twice_is_one_attempt()
    {
        long id = Submit();
        Assert.True(_ledger.Begin(Report(id)));
        Assert.False(_ledger.Begin(Report(id)));
        JudgedAttempt judged = new(new AttemptEnd(AttemptOutcome.Succeeded, 0, null, null, "{}"u8.ToArray()), null, []);
        Assert.Equal(JobState.Done, _ledger.End(Report(id), judged)!.State);
        Assert.Equal(JobState.Done, _ledger.End(Report(id), judged)!.State);
        Assert.Equal(AttemptOutcome.Succeeded, Assert.Single(_jobs.Attempts(id)).Outcome);
    }

    [Fact]
    public void The_second_result_is_kept_and_does_not_count()
    {
        long id = Submit();
        JudgedAttempt judged = new(new AttemptEnd(AttemptOutcome.Succeeded, 0, null, null, "{}"u8.ToArray()), null, []);
        _ledger.End(Report(id), judged);
        Assert.Equal(1, _ledger.End(Report(id) with { Host = "b" }, judged)!.AcceptedAttempt);
        Assert.Equal([(AttemptOutcome.Succeeded, "a"), (AttemptOutcome.Superseded, "b")], _jobs.Attempts(id).Select(attempt => (attempt.Outcome!.Value, attempt.Host!)));
        Assert.Equal("{}"u8.ToArray(), _jobs.Document(id, 2));
    }

    [Fact]
    public void An_attempt_that_has_begun_before_the_end_of_the_one_before_is_told_may_still_succeed()
    {
        long id = Submit();
        JudgedAttempt lost = new(new AttemptEnd(AttemptOutcome.Lost, null, "its daemon was gone", null, null), null, []);
        _ledger.End(Report(id), lost);
        _ledger.Begin(Report(id) with { Run = "2" });
        _ledger.Begin(Report(id) with { Run = "3" });
        Assert.Equal(JobState.Running, _ledger.End(Report(id) with { Run = "2" }, lost)!.State);
        JudgedAttempt judged = new(new AttemptEnd(AttemptOutcome.Succeeded, 0, null, null, "{}"u8.ToArray()), null, []);
        Job job = _ledger.End(Report(id) with { Run = "3" }, judged)!;
        Assert.Equal((JobState.Done, 3), (job.State, job.AcceptedAttempt));
    }

    [Fact]
    public void A_job_has_as_many_attempts_as_it_may_and_then_has_failed()
    {
        long id = Submit();
        JudgedAttempt lost = new(new AttemptEnd(AttemptOutcome.Lost, null, "its daemon was gone", null, null), null, []);
        Assert.Equal(
            [JobState.Queued, JobState.Queued, JobState.Failed],
            ((string[])["1", "2", "3"]).Select(run => _ledger.End(Report(id) with { Run = run }, lost)!.State));
    }

    [Fact]
    public void An_attempt_that_was_interrupted_is_not_one_of_those_that_a_job_may_have()
    {
        long id = Submit();
        _ledger.End(Report(id), new(new AttemptEnd(AttemptOutcome.Interrupted, null, "the host's daemon was asked to stop", null, null), null, []));
        _ledger.End(Report(id) with { Run = "2" }, new(new AttemptEnd(AttemptOutcome.Lost, null, "its daemon was gone", null, null), null, []));
        _ledger.Begin(Report(id) with { Run = "3" });
        Assert.Equal(2, _ledger.AttemptsThatCount(id));
    }

    [Fact]
    public void A_host_that_has_begun_a_job_too_long_ago_makes_it_no_more()
    {
        long id = Submit();
        _ledger.Begin(Report(id));
        DateTimeOffset begun = Assert.Single(_jobs.Attempts(id)).StartedAt;
        Assert.Equal(["a"], _ledger.HostsOf(id, begun));
        Assert.Empty(_ledger.HostsOf(id, begun + TimeSpan.FromMilliseconds(1)));
    }

    private static AttemptReport Report(long job) => new()
    {
        Protocol = FarmProtocol.Version,
        Farm = "farm",
        Job = job,
        Host = "a",
        Run = "1",
        StartedAt = DateTimeOffset.UtcNow,
    };

    private long Submit() => _jobs.Submit(new JobRequest { Kind = JobKind.Doctor }, "tester", null, 60, 3, 100)!.Value.Job.Id;
}
