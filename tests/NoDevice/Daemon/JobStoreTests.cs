// SPDX-License-Identifier: MIT

using System.Text;
using System.Text.Json;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Sql;
using Kvmsys.Monitor.Statistics;
using Microsoft.Data.Sqlite;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>What the daemon was told and what it found out is there when it is started again.</summary>
public sealed class JobStoreTests : IDisposable
{
    private const int PageBytes = 4096;
    private const int DeadlineSeconds = 60;
    private const int MaxAttempts = 3;
    private const int LongestQueue = 10_000;

    private static readonly JobRequest Doctor = new() { Kind = JobKind.Doctor };

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-test-").FullName;
    private readonly SettableClock _clock = new();

    public static TheoryData<AttemptOutcome> Outcomes { get; } = [.. Enum.GetValues<AttemptOutcome>()];

    private string State => Path.Combine(_folder, "state");

    private string Database => Path.Combine(State, "jobs.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // ---- What was submitted ----

    [Fact]
    public void A_submitted_job_is_there_after_the_store_was_opened_again()
    {
        JobRequest request = new()
        {
            Kind = JobKind.Run,
            Name = "a name: ü€😀'\"",
            Priority = -7,
            DeadlineSeconds = 5,
            MaxAttempts = 2,
            Program = new ProgramSpec { File = [0x7f, 0, 0xff], Arguments = ["", "--html"], Environment = ["A=ü"], MemoryMebibytes = 8 },
        };
        using (JobStore store = Open())
        {
            (Job job, bool isNew) = store.Submit(request, "tester", null, DeadlineSeconds, MaxAttempts, LongestQueue)!.Value;
            Assert.Equal((1L, true), (job.Id, isNew));
        }

        using JobStore again = Open();
        Job found = again.Find(1)!;
        Assert.Equal((JobState.Queued, "tester", 5, 2, 0), (found.State, found.SubmittedBy, found.DeadlineSeconds, found.MaxAttempts, found.Attempts));
        Assert.Equal((_clock.Now, null, null, null), (found.SubmittedAt, found.EndedAt, found.Reason, found.AcceptedAttempt));
        Assert.Equal(Json(request with { Program = request.Program with { File = [] } }), Json(found.Request));
        Assert.Equal(request.Program.File, again.Program(1));
        Assert.Equal(Json(found), Json(Assert.Single(again.List(null, null, 10))));
        Assert.Null(again.SetAside);
    }

    [Fact]
    public void What_a_job_does_not_say_the_daemon_decides()
    {
        using JobStore store = Open();
        Job job = Submit(store);
        Assert.Equal((DeadlineSeconds, MaxAttempts), (job.DeadlineSeconds, job.MaxAttempts));
    }

    [Fact]
    public void A_list_has_the_latest_first_and_goes_on_where_it_ended()
    {
        using JobStore store = Open();
        for (int count = 0; count < 5; count++)
        {
            Submit(store);
        }

        store.Cancel(2);
        Assert.Equal([5L, 4L], store.List(null, null, 2).Select(job => job.Id));
        Assert.Equal([3L, 2L, 1L], store.List(null, before: 4, 10).Select(job => job.Id));
        Assert.Equal([3L, 1L], store.List(JobState.Queued, before: 4, 10).Select(job => job.Id));
        Assert.Equal((4L, 1L), (store.Counts()[JobState.Queued], store.Counts()[JobState.Cancelled]));
    }

    [Fact]
    public void The_oldest_that_waits_is_told()
    {
        using JobStore store = Open();
        Assert.Null(store.OldestQueued());
        DateTimeOffset first = _clock.Now;
        Submit(store);
        _clock.Now += TimeSpan.FromHours(1);
        Submit(store);
        Assert.Equal(first, store.OldestQueued());
    }

    [Fact]
    public void A_key_that_comes_again_gives_the_same_job_again()
    {
        using (JobStore store = Open())
        {
            Assert.Equal(1, Submit(store, Doctor, key: "a").Id);
        }

        using JobStore again = Open();
        (Job job, bool isNew) = again.Submit(Doctor with { }, "another", "a", DeadlineSeconds, MaxAttempts, LongestQueue)!.Value;
        Assert.Equal((1L, false, "tester"), (job.Id, isNew, job.SubmittedBy));
        Assert.Equal(2, Submit(again, Doctor, key: "b").Id);
        Assert.Equal(3, Submit(again, Doctor).Id);
    }

    [Fact]
    public void A_key_that_comes_again_gives_its_job_even_where_the_queue_is_full()
    {
        using JobStore store = Open();
        Submit(store, Doctor, key: "a");
        Assert.False(store.Submit(Doctor, "tester", "a", DeadlineSeconds, MaxAttempts, longestQueue: 1)!.Value.IsNew);
    }

    [Fact]
    public void A_key_that_comes_again_with_another_job_is_refused()
    {
        using JobStore store = Open();
        Submit(store, Doctor, key: "a");
        Submit(store, Program([1, 2]), key: "b");
        Assert.Equal(1, Assert.Throws<KeyReusedException>(() => Submit(store, Doctor with { Priority = 1 }, key: "a")).Job);
        Assert.Equal(2, Assert.Throws<KeyReusedException>(() => Submit(store, Program([1, 3]), key: "b")).Job);
        Assert.Equal(2, store.List(null, null, 10).Count);
    }

    [Fact]
    public void A_full_queue_takes_none_until_one_has_left_it()
    {
        using JobStore store = Open();
        Submit(store);
        Submit(store);
        Assert.Null(store.Submit(Doctor, "tester", "a", DeadlineSeconds, MaxAttempts, longestQueue: 2));
        store.TakeNext();
        Assert.Equal(3, store.Submit(Doctor, "tester", "a", DeadlineSeconds, MaxAttempts, longestQueue: 2)!.Value.Job.Id);
    }

    // ---- Whose turn it is ----

    [Fact]
    public void The_turn_is_that_of_the_highest_priority_and_then_of_the_lowest_number()
    {
        using JobStore store = Open();
        foreach (int priority in (int[])[0, -5, 7, 0, 7])
        {
            Submit(store, Doctor with { Priority = priority });
        }

        List<long> turns = [];
        while (store.TakeNext() is (Job job, _))
        {
            turns.Add(job.Id);
        }

        Assert.Equal([3, 5, 1, 4, 2], turns);
    }

    [Fact]
    public void Whose_turn_it_is_runs_its_first_attempt()
    {
        using JobStore store = Open();
        Submit(store);
        (Job job, int number) = store.TakeNext()!.Value;
        Assert.Equal((1, 1, JobState.Running), (number, job.Attempts, job.State));
        JobAttempt attempt = Assert.Single(store.Attempts(1));
        Assert.Equal((1, _clock.Now, null, null, false), (attempt.Number, attempt.StartedAt, attempt.EndedAt, attempt.Outcome, attempt.HasDocument));
        Assert.Null(store.TakeNext());
    }

    // ---- What becomes of an attempt ----

    [Theory]
    [MemberData(nameof(Outcomes))]
    public void An_attempts_end_leads_where_the_policy_says(AttemptOutcome outcome)
    {
        (int counted, int interrupted) = outcome == AttemptOutcome.Interrupted ? (0, 1) : (1, 0);
        (JobState state, TimeSpan pause) = RetryPolicy.Next(outcome, cancelRequested: false, counted, interrupted, MaxAttempts);
        using JobStore store = Open();
        Submit(store);
        store.TakeNext();
        _clock.Now += TimeSpan.FromSeconds(2);
        Job job = store.Finish(1, 1, new AttemptEnd(outcome, 9, "a reason", "a log", null));
        Assert.Equal(Json(job), Json(store.Find(1)!));
        Assert.Equal((state, state != JobState.Queued), (job.State, job.HasEnded));
        Assert.Equal(job.HasEnded ? _clock.Now : null, job.EndedAt);
        Assert.Equal(_clock.Now + pause, job.NotBefore);
        Assert.Equal(state == JobState.Done ? (null, 1) : ("a reason", (int?)null), (job.Reason, job.AcceptedAttempt));
        JobAttempt attempt = Assert.Single(store.Attempts(1));
        Assert.Equal((outcome, 9, "a reason", "a log"), (attempt.Outcome, attempt.ExitStatus, attempt.Reason, attempt.Log));
        Assert.Equal((_clock.Now - TimeSpan.FromSeconds(2), _clock.Now), (attempt.StartedAt, attempt.EndedAt));
    }

    [Fact]
    public void A_job_is_tried_as_often_as_it_may_be_and_has_failed_for_the_last_reason()
    {
        using JobStore store = Open();
        Submit(store);
        for (int number = 1; number <= MaxAttempts; number++)
        {
            Assert.Equal(number, Take(store).Attempt);
            Job job = store.Finish(1, number, Crash($"reason {number}"));
            Assert.Equal(number < MaxAttempts ? JobState.Queued : JobState.Failed, job.State);
            Assert.Equal($"reason {number}", job.Reason);
        }

        _clock.Now += TimeSpan.FromDays(1);
        Assert.Null(store.TakeNext());
        Assert.Equal([1, 2, 3], store.Attempts(1).Select(attempt => attempt.Number));
    }

    [Fact]
    public void An_interruption_does_not_count()
    {
        using JobStore store = Open();
        Submit(store, Doctor with { MaxAttempts = 1 });
        for (int number = 1; number <= 5; number++)
        {
            // There is no pause after one either.
            Assert.Equal(number, store.TakeNext()!.Value.Attempt);
            Assert.Equal(JobState.Queued, store.Finish(1, number, new AttemptEnd(AttemptOutcome.Interrupted, null, "stop", null, null)).State);
        }

        store.TakeNext();
        Assert.Equal(JobState.Failed, store.Finish(1, 6, Crash("crash")).State);
    }

    [Fact]
    public void The_next_attempt_waits_and_others_go_first_meanwhile()
    {
        using JobStore store = Open();
        Submit(store);
        Submit(store);
        store.TakeNext();
        store.Finish(1, 1, Crash("crash"));
        Assert.Equal(2, store.TakeNext()!.Value.Job.Id);
        Assert.Null(store.TakeNext());
        TimeSpan pause = RetryPolicy.Next(AttemptOutcome.Crashed, cancelRequested: false, 1, 0, MaxAttempts).Pause;
        Assert.Equal(pause, store.UntilNext());
        _clock.Now += pause - TimeSpan.FromMilliseconds(1);
        Assert.Null(store.TakeNext());
        _clock.Now += TimeSpan.FromMilliseconds(1);
        Assert.Equal(TimeSpan.Zero, store.UntilNext());
        Assert.Equal(1, store.TakeNext()!.Value.Job.Id);
        Assert.Null(store.UntilNext());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(59_000)]
    [InlineData(61_000)]
    [InlineData(1_000_000_000)]
    public void A_clock_that_was_set_back_lets_a_job_wait_no_longer_than_the_longest_pause(long milliseconds)
    {
        using JobStore store = Open();
        Submit(store);
        store.TakeNext();
        store.Finish(1, 1, Crash("crash"));
        _clock.Now -= TimeSpan.FromMilliseconds(milliseconds);
        TimeSpan waited = TimeSpan.Zero;
        while (store.TakeNext() is null)
        {
            TimeSpan pause = store.UntilNext()!.Value;
            Assert.NotEqual(TimeSpan.Zero, pause);
            _clock.Now += pause;
            waited += pause;
        }

        Assert.InRange(waited, TimeSpan.Zero, RetryPolicy.LongestPause);
    }

    [Fact]
    public void A_second_end_of_an_attempt_changes_nothing()
    {
        using JobStore store = Open();
        Submit(store);
        store.TakeNext();
        store.Finish(1, 1, Success("first"), Entry, [Figure("int80", 600)]);
        string before = Everything(store);
        _clock.Now += TimeSpan.FromSeconds(1);
        Assert.Equal(JobState.Done, store.Finish(1, 1, Success("second"), Entry, [Figure("int80", 700)]).State);
        Assert.Equal(JobState.Done, store.Finish(1, 1, Crash("crash")).State);
        Assert.Equal(JobState.Done, store.Finish(1, 2, Success("of an attempt that there is not")).State);
        Assert.Equal(before, Everything(store));
    }

    [Fact]
    public void An_end_that_comes_when_the_next_attempt_runs_changes_nothing()
    {
        using JobStore store = Open();
        Submit(store);
        store.TakeNext();
        store.Finish(1, 1, Crash("crash"));
        Take(store);
        string before = Everything(store);
        store.Finish(1, 1, Success("late"));
        Assert.Equal(before, Everything(store));
        Assert.Equal(2, store.Finish(1, 2, Success("in time")).AcceptedAttempt);
    }

    [Fact]
    public void What_a_gone_daemon_left_is_ended_and_waits_again()
    {
        using (JobStore store = Open())
        {
            Submit(store);
            Submit(store, Doctor with { MaxAttempts = 1 });
            Submit(store);
            Submit(store);
            store.TakeNext();
            store.TakeNext();
            store.TakeNext();
            store.Cancel(3);
        }

        using JobStore again = Open();
        Assert.Equal([1L, 2L, 3L], again.Recover().Select(job => job.Id));
        Assert.Equal([JobState.Queued, JobState.Cancelled, JobState.Failed, JobState.Queued], again.List(null, null, 10).Select(job => job.State));
        Assert.All([1L, 2L, 3L], job => Assert.Equal(AttemptOutcome.Lost, Assert.Single(again.Attempts(job)).Outcome));
        Assert.Empty(again.Recover());
        _clock.Now += RetryPolicy.LongestPause;
        (Job next, int number) = again.TakeNext()!.Value;
        Assert.Equal((1L, 2), (next.Id, number));
    }

    // ---- What nobody wants any more ----

    [Fact]
    public void A_job_that_waits_is_cancelled_at_once()
    {
        using JobStore store = Open();
        Submit(store, Program([1]));
        Job job = store.Cancel(1)!;
        Assert.Equal((JobState.Cancelled, true, _clock.Now, "cancelled"), (job.State, job.CancelRequested, job.EndedAt, job.Reason));
        Assert.Null(store.TakeNext());
        Assert.Null(store.Program(1));
    }

    [Theory]
    [InlineData(AttemptOutcome.Succeeded, JobState.Done)]
    [InlineData(AttemptOutcome.Cancelled, JobState.Cancelled)]
    [InlineData(AttemptOutcome.Crashed, JobState.Cancelled)]
    [InlineData(AttemptOutcome.Interrupted, JobState.Cancelled)]
    public void A_job_that_runs_is_cancelled_when_its_attempt_ends_without_a_result(AttemptOutcome outcome, JobState state)
    {
        using JobStore store = Open();
        Submit(store);
        store.TakeNext();
        Job running = store.Cancel(1)!;
        Assert.Equal((JobState.Running, true), (running.State, running.CancelRequested));
        Assert.Equal(state, store.Finish(1, 1, new AttemptEnd(outcome, null, null, null, null)).State);
        _clock.Now += RetryPolicy.LongestPause;
        Assert.Null(store.TakeNext());
    }

    [Fact]
    public void What_has_ended_cannot_be_cancelled()
    {
        using JobStore store = Open();
        Submit(store);
        store.TakeNext();
        store.Finish(1, 1, Success("{}"));
        string before = Everything(store);
        Assert.Equal(JobState.Done, store.Cancel(1)!.State);
        Assert.Null(store.Cancel(2));
        Assert.Equal(before, Everything(store));
    }

    // ---- What was measured ----

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100_000)]
    public void A_document_comes_back_to_the_byte(int length)
    {
        byte[] document = new byte[length];
        new Random(Seed: 3).NextBytes(document);
        using (JobStore store = Open())
        {
            Submit(store);
            store.TakeNext();
            store.Finish(1, 1, new AttemptEnd(AttemptOutcome.Succeeded, 0, null, null, document));
        }

        using JobStore again = Open();
        Assert.Equal(document, again.Document(1, 1));
        Assert.True(Assert.Single(again.Attempts(1)).HasDocument);
        Assert.Null(again.Document(1, 2));
    }

    [Fact]
    public void Documents_and_logs_are_forgotten_with_age_and_figures_stay()
    {
        TimeSpan age = TimeSpan.FromDays(90);
        using JobStore store = Open();
        for (int job = 1; job <= 2; job++)
        {
            Submit(store, Doctor, key: $"key {job}");
            store.TakeNext();
            store.Finish(job, 1, Success("{}"), Entry with { Time = _clock.Now }, [Figure("int80", 600 + job)]);
            _clock.Now += age;
        }

        Submit(store);
        Assert.Equal(1, store.Prune(age));
        Assert.Null(store.Document(1, 1));
        JobAttempt old = Assert.Single(store.Attempts(1));
        Assert.Equal((AttemptOutcome.Succeeded, null, false), (old.Outcome, old.Log, old.HasDocument));
        Assert.Equal(JobState.Done, store.Find(1)!.State);
        Assert.Equal("{}"u8.ToArray(), store.Document(2, 1));
        Assert.Equal([601.0, 602.0], store.Figures("int80", null, 10).Select(figure => figure.Cost.Value));
        Assert.Equal(4, Submit(store, Doctor, key: "key 1").Id);
        Assert.Equal(2, Submit(store, Doctor, key: "key 2").Id);
        Assert.Equal(0, store.Prune(age));
    }

    [Fact]
    public void A_figure_is_kept_with_its_interval_and_its_bench()
    {
        using (JobStore store = Open())
        {
            Submit(store);
            store.TakeNext();
            store.Finish(1, 1, Success("{}"), Entry, [Figure("int80", 600), Figure("hlt", 90)]);
        }

        using JobStore again = Open();
        Assert.Equal(Figure("int80", 600) with { Entry = Entry with { Id = 1 } }, Assert.Single(again.Figures("int80", "bare", 10)));
        Assert.Equal(["int80", "hlt"], again.Figures(null, null, 10).Select(figure => figure.Mechanism));
        Assert.Empty(again.Figures("int80", "compat", 10));
    }

    [Fact]
    public void What_was_done_about_vulnerabilities_is_kept_with_each_bench_and_its_text_once()
    {
        using (JobStore store = Open())
        {
            foreach (string? said in new[] { "meltdown: Not affected", null, "meltdown: Not affected" })
            {
                Submit(store);
                (Job job, int attempt) = Take(store);
                store.Finish(job.Id, attempt, Success("{}"), Entry with { Mitigations = said }, [Figure("int80", 600)]);
            }
        }

        using JobStore again = Open();
        Assert.Equal(["meltdown: Not affected", null, "meltdown: Not affected"], again.Figures("int80", null, 10).Select(figure => figure.Entry.Mitigations));
        Assert.Equal(1L, Ask("SELECT count(*) FROM mitigations"));
    }

    [Fact]
    public void The_latest_figures_are_those_of_the_latest_benches_that_have_one()
    {
        using JobStore store = Open();
        foreach (string mechanism in new[] { "int80", "int80", "int80", "hlt", "hlt" })
        {
            Submit(store);
            (Job job, int attempt) = Take(store);
            store.Finish(job.Id, attempt, Success("{}"), Entry, [Figure(mechanism, 100 * job.Id)]);
        }

        Assert.Equal([200.0, 300.0], store.Figures("int80", null, 2).Select(figure => figure.Cost.Value));
        Assert.Equal([200.0, 300.0], store.Figures("int80", "bare", 2).Select(figure => figure.Cost.Value));
        Assert.Equal([300.0, 400.0, 500.0], store.Figures(null, "bare", 3).Select(figure => figure.Cost.Value));
        Assert.Equal([400.0, 500.0], store.Figures(null, null, 2).Select(figure => figure.Cost.Value));
    }

    [Fact]
    public void A_database_of_the_first_version_becomes_one_of_this_and_keeps_its_rows()
    {
        Directory.CreateDirectory(State);
        Change(FirstVersion);
        Change(
            """
            INSERT INTO job VALUES (1, '{"kind":"doctor"}', NULL, 'doctor', 0, 'done', 1, 'tester', 60, 3, 1, 0, 0, 2, NULL, 1);
            INSERT INTO attempt VALUES (1, 1, 1, 2, 'succeeded', 0, NULL, 'a log', NULL);
            INSERT INTO bench VALUES (1, 1767323045000, 'a CPU', 'AuthenticAMD 25/1/2', NULL, '6.12.1', '0.1.0', 'hardware', '0123456789abcdef', 2, 1, 1);
            INSERT INTO figure VALUES ('int80', 'bare', 1, 'hardware', 1, 600, 599.9, 600.1, 0.95);
            INSERT INTO event VALUES (7, 2, 'job.done', 1, NULL);
            """);
        using (JobStore store = Open())
        {
            Assert.Null(store.SetAside);
            Assert.Equal((JobState.Done, "tester"), (store.Find(1)!.State, store.Find(1)!.SubmittedBy));
            Assert.Equal("a log", Assert.Single(store.Attempts(1)).Log);
            Assert.Equal(Figure("int80", 600) with { Entry = Entry with { Id = 1 } }, Assert.Single(store.Figures("int80", "bare", 10)));
            Assert.Equal(7, store.LatestEvent());
            Assert.Equal(2, Submit(store).Id);
        }

        Assert.Equal((long)StoreSchema.Version, Ask("PRAGMA user_version"));
        using JobStore again = Open();
        Assert.Equal(2, again.List(null, null, 10).Count);
    }

    [Theory]
    [InlineData(AttemptOutcome.Unstable)]
    [InlineData(AttemptOutcome.Refused)]
    public void A_bench_that_is_not_accepted_has_no_figures(AttemptOutcome outcome)
    {
        using JobStore store = Open();
        Submit(store);
        store.TakeNext();
        store.Finish(1, 1, new AttemptEnd(outcome, 5, "a reason", null, "{}"u8.ToArray()), Entry, [Figure("int80", 600)]);
        Assert.Empty(store.Figures(null, null, 10));
        Assert.NotNull(store.Document(1, 1));
    }

    [Fact]
    public void A_programs_file_is_there_for_every_attempt_and_gone_when_the_job_has_ended()
    {
        using JobStore store = Open();
        Submit(store, Program([1, 2, 3]));
        for (int number = 1; number <= MaxAttempts; number++)
        {
            Take(store);
            Assert.Equal([1, 2, 3], store.Program(1));
            store.Finish(1, number, Crash("crash"));
        }

        Assert.Null(store.Program(1));
        Assert.Equal(JobKind.Run, store.Find(1)!.Request.Kind);
    }

    // ---- Who watches ----

    [Fact]
    public void What_has_happened_is_told_in_order_when_it_can_be_seen()
    {
        using JobStore store = Open();
        List<JobEvent> told = [];
        List<JobState?> seen = [];
        store.Happened += happened =>
        {
            told.Add(happened);
            seen.Add(happened.Job is long job ? store.Find(job)!.State : null);
        };
        Submit(store, Doctor with { Name = "a name" });
        store.IsCordoned = true;
        store.TakeNext();
        store.Finish(1, 1, Crash("a reason"));
        store.Cancel(1);
        Assert.Equal(
            [("job.queued", 1L, "a name"), ("host.cordoned", null, null), ("job.running", 1L, null), ("job.queued", 1L, "a reason"), ("job.cancelled", 1L, null)],
            told.Select(happened => (happened.Kind, happened.Job, happened.Text)));
        Assert.Equal([JobState.Queued, null, JobState.Running, JobState.Queued, JobState.Cancelled], seen);
        Assert.Equal([1L, 2L, 3L, 4L, 5L], told.Select(happened => happened.Id));
        Assert.Equal(told, store.EventsAfter(0, 100));
        Assert.Equal(told[2..4], store.EventsAfter(2, 2));
        Assert.Empty(store.EventsAfter(5, 100));
        Assert.Equal(5, store.LatestEvent());
    }

    [Fact]
    public void What_was_refused_has_not_happened()
    {
        using JobStore store = Open();
        Submit(store, Doctor, key: "a");
        long before = store.LatestEvent();
        store.Happened += _ => Assert.Fail("nothing has happened");
        Submit(store, Doctor, key: "a");
        Assert.Throws<KeyReusedException>(() => Submit(store, Program([1]), key: "a"));
        Assert.Null(store.Submit(Doctor, "tester", null, DeadlineSeconds, MaxAttempts, longestQueue: 1));
        Assert.Null(store.Cancel(7));
        Assert.Equal(before, store.LatestEvent());
    }

    [Fact]
    public void Of_the_events_only_so_many_are_kept_and_their_numbers_go_on()
    {
        using JobStore store = Open();
        Submit(store);
        Change("INSERT INTO event (id, at, kind) VALUES (20000, 0, 'job.done')");
        Submit(store);
        store.Prune(TimeSpan.FromDays(90));
        Assert.Equal([20_000L, 20_001L], store.EventsAfter(0, 100).Select(happened => happened.Id));
    }

    [Fact]
    public void A_host_that_takes_no_jobs_takes_none_after_a_restart_either()
    {
        using (JobStore store = Open())
        {
            Assert.False(store.IsCordoned);
            store.IsCordoned = true;
        }

        using JobStore again = Open();
        Assert.True(again.IsCordoned);
        again.IsCordoned = false;
        Assert.False(again.IsCordoned);
    }

    // ---- The file ----

    [Fact]
    public void A_copy_made_in_use_opens_and_has_all_of_it()
    {
        string other = Directory.CreateDirectory(Path.Combine(_folder, "other")).FullName;
        string expected;
        using (JobStore store = Open())
        {
            Populate(store, 20);
            StoreBackup.Write(State, Path.Combine(other, "jobs.db"));
            expected = Everything(store);
            Submit(store);
        }

        using JobStore copy = JobStore.Open(other, _clock);
        Assert.Null(copy.SetAside);
        Assert.Equal(expected, Everything(copy));
        Assert.Equal(21, Submit(copy).Id);
    }

    [Fact]
    public void A_copy_does_not_take_the_place_of_another_file()
    {
        string path = Path.Combine(_folder, "precious");
        File.WriteAllText(path, "precious");
        using JobStore store = Open();
        Assert.Contains("is there already", Assert.Throws<StoreException>(() => StoreBackup.Write(State, path)).Message, StringComparison.Ordinal);
        Assert.Equal("precious", File.ReadAllText(path));
    }

    [Fact]
    public void A_file_that_is_no_database_is_set_aside_whole()
    {
        Directory.CreateDirectory(State);
        string text = string.Concat(Enumerable.Repeat("This is a text, and no database. ", 300));
        File.WriteAllText(Database, text);
        using (JobStore store = Open())
        {
            Assert.NotNull(store.SetAside);
            Assert.StartsWith(Database, store.SetAside, StringComparison.Ordinal);
            Assert.Equal(text, File.ReadAllText(store.SetAside));
            Assert.Equal(1, Submit(store).Id);
        }

        using JobStore again = Open();
        Assert.Null(again.SetAside);
        Assert.NotNull(again.Find(1));
    }

    [Fact]
    public void What_was_set_aside_is_never_overwritten()
    {
        Directory.CreateDirectory(State);
        string first = new('a', PageBytes);
        File.WriteAllText(Database, first);
        string aside;
        using (JobStore store = Open())
        {
            aside = store.SetAside!;
        }

        // The clock stands: the second one would get the first one's name.
        string second = new('b', PageBytes);
        File.WriteAllText(Database, second);
        Assert.Throws<StoreException>(Open);
        Assert.Equal((first, second), (File.ReadAllText(aside), File.ReadAllText(Database)));
        _clock.Now += TimeSpan.FromMilliseconds(1);
        using JobStore later = Open();
        Assert.Equal((first, second), (File.ReadAllText(aside), File.ReadAllText(later.SetAside!)));
    }

    [Fact]
    public void A_database_that_is_damaged_in_its_middle_is_noticed_and_set_aside_at_the_next_start()
    {
        using (JobStore store = Open())
        {
            Populate(store, 200);
        }

        byte[] bytes = File.ReadAllBytes(Database);
        Random random = new(Seed: 1);
        random.NextBytes(bytes.AsSpan((bytes.Length / PageBytes / 2 * PageBytes)..));
        File.WriteAllBytes(Database, bytes);
        using (JobStore store = Open())
        {
            StoreException damage = Assert.Throws<StoreException>(() => Everything(store));
            Assert.Contains(". Cure: ", damage.Message, StringComparison.Ordinal);
        }

        bytes = File.ReadAllBytes(Database);
        using (JobStore again = Open())
        {
            Assert.Equal(bytes, File.ReadAllBytes(again.SetAside!));
            Assert.Equal(1, Submit(again).Id);
        }

        using JobStore third = Open();
        Assert.Null(third.SetAside);
        Assert.NotNull(third.Find(1));
    }

    [Fact]
    public void A_database_that_only_seemed_damaged_stays()
    {
        using (JobStore store = Open())
        {
            Populate(store, 5);
        }

        File.WriteAllText(Database + ".corrupt", "damaged");
        for (int start = 0; start < 2; start++)
        {
            using JobStore again = Open();
            Assert.Null(again.SetAside);
            Assert.Equal(5, again.List(null, null, 10).Count);
        }
    }

    [Fact]
    public void A_database_that_was_set_aside_already_is_not_reported_again()
    {
        Directory.CreateDirectory(State);
        File.WriteAllText(Database + ".corrupt", "damaged");
        using JobStore store = Open();
        Assert.Null(store.SetAside);
        Assert.Equal([Database], Directory.GetFiles(State).Where(file => !file.EndsWith("-wal", StringComparison.Ordinal) && !file.EndsWith("-shm", StringComparison.Ordinal)));
    }

    [Fact]
    public void Whatever_bytes_of_it_are_changed_it_is_read_or_refused_and_set_aside()
    {
        using (JobStore store = Open())
        {
            Populate(store, 40);
        }

        byte[] good = File.ReadAllBytes(Database);
        Random random = new(Seed: 5);
        int refused = 0;
        for (int trial = 0; trial < 150; trial++)
        {
            Directory.Delete(State, recursive: true);
            Directory.CreateDirectory(State);
            byte[] bytes = [.. good];
            for (int change = random.Next(1, 200); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            File.WriteAllBytes(Database, bytes);
            try
            {
                using JobStore store = Open();
                Everything(store);
                store.Recover();
                store.TakeNext();
                Submit(store);
                store.Prune(TimeSpan.Zero);
            }
            catch (StoreException refusal)
            {
                Assert.DoesNotContain(refusal.Message, char.IsControl);
                refused++;
                if (File.Exists(Database + ".corrupt"))
                {
                    using JobStore next = Open();
                    Everything(next);
                    Submit(next);
                }
                else
                {
                    // Bytes of the header make it somebody else's, or a newer version's.
                    Assert.Throws<StoreException>(Open);
                }
            }
        }

        Assert.InRange(refused, 50, 150);
    }

    [Fact]
    public void Damage_is_told_even_where_it_cannot_be_noted()
    {
        using (JobStore store = Open())
        {
            Populate(store, 200);
        }

        byte[] bytes = File.ReadAllBytes(Database);
        new Random(Seed: 1).NextBytes(bytes.AsSpan((bytes.Length / 2)..));
        File.WriteAllBytes(Database, bytes);
        using JobStore damaged = Open();
        Directory.CreateDirectory(Database + ".corrupt");
        Assert.Throws<StoreException>(() => Everything(damaged));
    }

    [Theory]
    [InlineData("PRAGMA application_id = 1", "not of kvmsys daemon")]
    [InlineData("PRAGMA application_id = 0", "not of kvmsys daemon")]
    [InlineData("PRAGMA user_version = 1000", "a newer kvmsys wrote")]
    [InlineData("PRAGMA user_version = -1", "not of kvmsys daemon")]
    public void Somebody_elses_database_is_refused_and_left_as_it_was(string change, string reason)
    {
        using (JobStore store = Open())
        {
            Submit(store);
        }

        Change($"PRAGMA journal_mode = DELETE; {change}");
        byte[] before = File.ReadAllBytes(Database);
        StoreException refusal = Assert.Throws<StoreException>(Open);
        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(". Cure: ", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(Database));
        Assert.Equal([Database], Directory.GetFiles(State));
    }

    [Fact]
    public void Two_may_have_it_open()
    {
        using JobStore one = Open();
        using JobStore other = Open();
        Assert.Equal((1L, 2L), (Submit(one).Id, Submit(other).Id));
        Assert.Equal(1, one.TakeNext()!.Value.Job.Id);
        Assert.Equal(2, other.TakeNext()!.Value.Job.Id);
        Assert.Equal(Everything(one), Everything(other));
    }

    [Fact]
    public async Task Many_may_make_it_at_once()
    {
        const int many = 8;
        for (int round = 0; round < 5; round++)
        {
            string folder = Path.Combine(_folder, $"round {round}");
            using Barrier together = new(many);
            await Task.WhenAll(Enumerable.Range(0, many).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    together.SignalAndWait();
                    using JobStore store = JobStore.Open(folder, _clock);
                    Submit(store);
                },
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default)));
            using JobStore all = JobStore.Open(folder, _clock);
            Assert.Null(all.SetAside);
            Assert.Equal(many, all.List(null, null, 100).Count);
        }
    }

    [Fact]
    public void A_folder_that_cannot_be_one_is_refused()
    {
        File.WriteAllText(Path.Combine(_folder, "file"), "");
        StoreException refusal = Assert.Throws<StoreException>(() => JobStore.Open(Path.Combine(_folder, "file", "state"), _clock));
        Assert.Contains(". Cure: ", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_folder_is_the_owners_alone()
    {
        using JobStore store = Open();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(State));
    }

    // ---- The disk ----

    [Fact]
    public void On_a_full_disk_nothing_is_lost_and_it_goes_on_when_there_is_room()
    {
        using SmallDisk? disk = SmallDisk.TryMount();
        Assert.SkipWhen(disk is null, "this user may mount no file system");
        List<long> acknowledged = [];
        using (JobStore store = JobStore.Open(disk.Path, _clock))
        {
            int told = 0;
            store.Happened += _ => told++;
            Submit(store, Program([1]));
            acknowledged.Add(1);
            (Job running, int attempt) = store.TakeNext()!.Value;
            SubmitUntilFull(store, acknowledged);
            disk.Fill();
            Assert.Throws<StoreFullException>(() =>
            {
                // There may be a little room where the last one's beginning was written.
                for (int count = 0; count < 100; count++)
                {
                    store.TryToWrite();
                }
            });
            Assert.Throws<StoreFullException>(() => store.Finish(running.Id, attempt, Success("{}")));
            Assert.Equal(acknowledged.Count + 1, told);
            Assert.Equal(acknowledged, store.List(null, null, 10_000).Select(job => job.Id).Reverse());
            Assert.Equal(JobState.Running, store.Find(1)!.State);
            disk.MakeRoom();
            store.TryToWrite();
            Assert.Equal(JobState.Done, store.Finish(running.Id, attempt, Success("{}")).State);
            acknowledged.Add(Submit(store).Id);
            Assert.Equal(Enumerable.Range(1, acknowledged.Count).Select(id => (long)id), acknowledged);
        }

        using JobStore again = JobStore.Open(disk.Path, _clock);
        Assert.Null(again.SetAside);
        Assert.Equal(acknowledged, again.List(null, null, 10_000).Select(job => job.Id).Reverse());
        Assert.Equal("{}"u8.ToArray(), again.Document(1, 1));
    }

    [Fact]
    public void A_start_on_a_full_disk_says_so_and_leaves_what_there_is()
    {
        using SmallDisk? disk = SmallDisk.TryMount();
        Assert.SkipWhen(disk is null, "this user may mount no file system");
        using (JobStore store = JobStore.Open(disk.Path, _clock))
        {
            Submit(store);
        }

        disk.Fill();
        Assert.Throws<StoreFullException>(() => JobStore.Open(disk.Path, _clock));
        disk.MakeRoom();
        using JobStore again = JobStore.Open(disk.Path, _clock);
        Assert.Null(again.SetAside);
        Assert.NotNull(again.Find(1));
        Submit(again);
    }

    // ---- What the tests are made of ----

    /// <summary>The first version's tables, as it made them; the statement of what is released does not follow the product's.</summary>
    private const string FirstVersion =
        """
        CREATE TABLE job (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            request TEXT NOT NULL,
            program BLOB,
            kind TEXT NOT NULL,
            priority INTEGER NOT NULL,
            state TEXT NOT NULL,
            submitted_at INTEGER NOT NULL,
            submitted_by TEXT NOT NULL,
            deadline_seconds INTEGER NOT NULL,
            max_attempts INTEGER NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            not_before INTEGER NOT NULL DEFAULT 0,
            cancel_requested INTEGER NOT NULL DEFAULT 0,
            ended_at INTEGER,
            reason TEXT,
            accepted_attempt INTEGER
        ) STRICT;
        CREATE INDEX job_by_turn ON job (state, priority DESC, id);
        CREATE INDEX job_by_state ON job (state, id);
        CREATE TABLE attempt (
            job INTEGER NOT NULL REFERENCES job,
            number INTEGER NOT NULL,
            started_at INTEGER NOT NULL,
            ended_at INTEGER,
            outcome TEXT,
            exit_status INTEGER,
            reason TEXT,
            log TEXT,
            document BLOB,
            UNIQUE (job, number)
        ) STRICT;
        CREATE TABLE submission (
            key TEXT PRIMARY KEY,
            digest INTEGER NOT NULL,
            job INTEGER NOT NULL REFERENCES job,
            at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE bench (
            job INTEGER PRIMARY KEY REFERENCES job,
            time INTEGER NOT NULL,
            cpu_brand TEXT NOT NULL,
            cpu_signature TEXT NOT NULL,
            microcode TEXT,
            kernel TEXT NOT NULL,
            version TEXT NOT NULL,
            verdict TEXT NOT NULL,
            plan_hash TEXT NOT NULL,
            mechanisms INTEGER NOT NULL,
            complete INTEGER NOT NULL,
            stable INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE figure (
            mechanism TEXT NOT NULL,
            profile TEXT NOT NULL,
            job INTEGER NOT NULL REFERENCES job,
            verdict TEXT NOT NULL,
            stable INTEGER NOT NULL,
            core_cycles REAL NOT NULL,
            low REAL NOT NULL,
            high REAL NOT NULL,
            coverage REAL NOT NULL,
            PRIMARY KEY (mechanism, profile, job)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE event (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            job INTEGER,
            text TEXT
        ) STRICT;
        CREATE TABLE flag (
            name TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        PRAGMA application_id = 1802923364;
        PRAGMA user_version = 1;
        """;

    private static HistoryEntry Entry => new()
    {
        Id = 0,
        Time = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        CpuBrand = "a CPU",
        CpuSignature = "AuthenticAMD 25/1/2",
        Microcode = null,
        Kernel = "6.12.1",
        Version = "0.1.0",
        Verdict = "hardware",
        PlanHash = "0123456789abcdef",
        Mechanisms = 2,
        Complete = true,
        Stable = true,
    };

    private static HistoryFigure Figure(string mechanism, double cost) =>
        new(Entry, "bare", mechanism, "hardware", Stable: true, new Estimate(cost, cost - 0.1, cost + 0.1, 0.95));

    private static JobRequest Program(byte[] file) => new() { Kind = JobKind.Run, Program = new ProgramSpec { File = file } };

    private static AttemptEnd Crash(string reason) => new(AttemptOutcome.Crashed, 139, reason, "a log", null);

    private static AttemptEnd Success(string document) => new(AttemptOutcome.Succeeded, 0, null, "a log", Encoding.UTF8.GetBytes(document));

    private static Job Submit(JobStore store, JobRequest? request = null, string? key = null) =>
        store.Submit(request ?? Doctor, "tester", key, DeadlineSeconds, MaxAttempts, LongestQueue)!.Value.Job;

    private static void SubmitUntilFull(JobStore store, List<long> acknowledged)
    {
        try
        {
            while (acknowledged.Count < LongestQueue)
            {
                acknowledged.Add(Submit(store, Doctor with { Name = new string('a', JobRequest.LongestName) }).Id);
            }

            Assert.Fail("the disk is larger than it should be");
        }
        catch (StoreFullException exception)
        {
            Assert.Contains(". Cure: ", exception.Message, StringComparison.Ordinal);
        }
    }

    private static string Json(JobRequest request) => JsonSerializer.Serialize(request, DaemonJson.Default.JobRequest);

    private static string Json(Job job) => $"{job with { Request = Doctor }} {Json(job.Request)}";

    /// <summary>All that can be read.</summary>
    private static string Everything(JobStore store) => string.Join('\n', store.List(null, null, 10_000).SelectMany(job => (string[])
    [
        Json(job),
        Convert.ToHexString(store.Program(job.Id) ?? []),
        .. store.Attempts(job.Id).Select(attempt => $"{attempt} {Encoding.UTF8.GetString(store.Document(job.Id, attempt.Number) ?? [])}"),
    ]).Concat(store.Figures(null, null, 10_000).Select(figure => $"{figure}")).Concat(store.EventsAfter(0, 10_000).Select(happened => $"{happened}")).Append(
        $"{string.Join(' ', store.Counts().OrderBy(count => count.Key))} {store.OldestQueued()} {store.UntilNext()} {store.IsCordoned} {store.LatestEvent()}"));

    /// <summary>Jobs of every kind and in every state.</summary>
    private static void Populate(JobStore store, int jobs)
    {
        Random random = new(Seed: 2);
        for (int job = 1; job <= jobs; job++)
        {
            byte[] bytes = new byte[3 * PageBytes];
            random.NextBytes(bytes);
            Submit(store, job % 3 == 0 ? Program(bytes) : Doctor with { Name = $"job {job}" }, key: $"key {job}");
            if (job % 4 != 0 && store.TakeNext() is (Job taken, int attempt))
            {
                AttemptEnd end = Success(Convert.ToHexString(bytes));
                store.Finish(taken.Id, attempt, job % 5 == 0 ? end with { Outcome = AttemptOutcome.Crashed } : end, Entry, [Figure("int80", job)]);
            }
        }
    }

    private JobStore Open() => JobStore.Open(State, _clock);

    /// <summary>Takes the next job when it may be.</summary>
    private (Job Job, int Attempt) Take(JobStore store)
    {
        _clock.Now += store.UntilNext() ?? TimeSpan.Zero;
        return store.TakeNext()!.Value;
    }

    private void Change(string sql)
    {
        using SqliteConnection connection = Connect();
        connection.Execute(sql);
    }

    private object? Ask(string sql)
    {
        using SqliteConnection connection = Connect();
        return connection.Scalar(sql);
    }

    private SqliteConnection Connect()
    {
        SqliteLibrary.Load();
        SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = Database, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }
}
