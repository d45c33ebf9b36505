// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Sql;
using Microsoft.Data.Sqlite;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>Schedules in the database.</summary>
public sealed class ScheduleStoreTests : IDisposable
{
    private static readonly ScheduleRequest Daily = new() { Cron = "@daily", Job = new JobRequest { Kind = JobKind.Doctor } };

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-test-").FullName;
    private readonly SettableClock _clock = new();

    private string Database => Path.Combine(_folder, "jobs.db");

    private DaemonSettings Settings => new() { StateFolder = _folder, Listen = [] };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_database_of_the_version_before_schedules_keeps_its_jobs_and_takes_schedules()
    {
        Change(
            $$"""
            {{StoreSchema.Migrations[0]}}
            INSERT INTO job (request, kind, priority, state, submitted_at, submitted_by, deadline_seconds, max_attempts, attempts, ended_at, accepted_attempt)
            VALUES ('{"kind":"doctor","name":"of old"}', 'doctor', 0, 'done', 1000, 'tester', 60, 3, 1, 2000, 1);
            INSERT INTO attempt (job, number, started_at, ended_at, outcome, exit_status, log) VALUES (1, 1, 1500, 2000, 'succeeded', 0, 'a log');
            INSERT INTO submission (key, digest, job, at) VALUES ('key', 7, 1, 1000);
            INSERT INTO event (at, kind, job, text) VALUES (1000, 'job.queued', 1, 'of old');
            INSERT INTO flag (name, value) VALUES ('cordoned', 1);
            PRAGMA application_id = {{StoreSchema.ApplicationId}};
            PRAGMA user_version = 1;
            """);
        using JobStore store = JobStore.Open(_folder, _clock);
        Assert.Null(store.SetAside);
        Job job = Assert.Single(store.List(null, null, 10));
        Assert.Equal((1L, JobState.Done, "of old", "tester", 1), (job.Id, job.State, job.Request.Name, job.SubmittedBy, job.AcceptedAttempt));
        Assert.Equal("a log", Assert.Single(store.Attempts(1)).Log);
        Assert.Equal("job.queued", Assert.Single(store.EventsAfter(0, 10)).Kind);
        Assert.True(store.IsCordoned);
        ScheduleStore schedules = new(store, _clock);
        Assert.Empty(schedules.List());
        Assert.True(schedules.Set("nightly", Daily, "tester")!.Value.IsNew);
        Assert.Equal(2, store.Submit(Daily.Job, "tester", null, 60, 3, 10)!.Value.Job.Id);
    }

    [Fact]
    public void A_schedule_is_there_after_the_store_was_opened_again()
    {
        ScheduleRequest request = new() { Cron = "0 3 * * MON", TimeZone = "Europe/Berlin", Paused = true, Job = new JobRequest { Kind = JobKind.Doctor, Name = "a name: ü€😀'\"" } };
        using (JobStore store = JobStore.Open(_folder, _clock))
        {
            new ScheduleStore(store, _clock).Set("weekly", request, "tester");
        }

        using JobStore again = JobStore.Open(_folder, _clock);
        Schedule found = new ScheduleStore(again, _clock).Find("weekly")!;
        Assert.Equal(("weekly", request, _clock.Now, "tester"), (found.Name, found.Request, found.SetAt, found.SetBy));
        Assert.Equal((null, null, null, 0L), (found.NextDue, found.LastDue, found.LastJob, found.Skipped));
    }

    [Fact]
    public void Two_that_settle_the_same_due_time_submit_one_job()
    {
        using JobStore one = JobStore.Open(_folder, _clock);
        using JobStore other = JobStore.Open(_folder, _clock);
        ScheduleStore schedules = new(one, _clock);
        schedules.Set("daily", Daily, "tester");
        _clock.Now += TimeSpan.FromDays(1);
        Assert.Equal(ScheduleStore.DueEvent, schedules.Settle("daily", Settings)!.Kind);
        Assert.Null(new ScheduleStore(other, _clock).Settle("daily", Settings));
        Assert.Null(schedules.Settle("daily", Settings));
        Assert.Single(one.List(null, null, 10));
    }

    [Fact]
    public void What_is_told_of_a_schedule_is_told_when_it_is_in_the_database()
    {
        using JobStore store = JobStore.Open(_folder, _clock);
        ScheduleStore schedules = new(store, _clock);
        List<(string, long?)> told = [];
        store.Happened += happened =>
        {
            Assert.Contains(store.EventsAfter(0, 100), kept => kept == happened);
            told.Add((happened.Kind, happened.Job));
        };
        schedules.Set("daily", Daily, "tester");
        _clock.Now += TimeSpan.FromDays(1);
        schedules.Settle("daily", Settings);
        schedules.Pause("daily", true);
        schedules.Pause("daily", true);
        schedules.Pause("daily", false);
        schedules.Remove("daily");
        Assert.Equal([("schedule.set", null), ("job.queued", 1), ("schedule.due", 1), ("schedule.paused", null), ("schedule.resumed", null), ("schedule.removed", null)], told);
    }

    [Fact]
    public void There_may_be_so_many_and_no_more()
    {
        using JobStore store = JobStore.Open(_folder, _clock);
        ScheduleStore schedules = new(store, _clock);
        schedules.Set("first", Daily, "tester");
        Change(
            $"""
            WITH RECURSIVE number(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM number WHERE n < {ScheduleStore.MostSchedules})
            INSERT INTO schedule (name, cron, paused, request, set_at, set_by, settled_until) SELECT 'schedule-' || n, cron, paused, request, set_at, set_by, settled_until FROM schedule, number
            """);
        Assert.Equal(ScheduleStore.MostSchedules, schedules.List().Count);
        Assert.Null(schedules.Set("another", Daily, "tester"));
        Assert.False(schedules.Set("first", Daily with { Paused = true }, "tester")!.Value.IsNew);
    }

    [Fact]
    public void One_that_is_not_known_any_more_is_never_due_and_can_be_set_anew()
    {
        using JobStore store = JobStore.Open(_folder, _clock);
        ScheduleStore schedules = new(store, _clock);
        schedules.Set("daily", Daily, "tester");
        Change("UPDATE schedule SET time_zone = 'Europe/Atlantis'");
        _clock.Now += TimeSpan.FromDays(1);
        Assert.Null(schedules.Find("daily")!.NextDue);
        Assert.Null(schedules.Settle("daily", Settings));
        Assert.NotNull(schedules.Set("daily", Daily, "tester")!.Value.Schedule.NextDue);
    }

    [Fact]
    public void A_schedule_that_makes_no_sense_is_damage_and_is_set_aside_at_the_next_start()
    {
        using (JobStore store = JobStore.Open(_folder, _clock))
        {
            ScheduleStore schedules = new(store, _clock);
            schedules.Set("daily", Daily, "tester");
            Change("UPDATE schedule SET request = 'garbage'");
            Assert.Throws<StoreException>(schedules.List);
        }

        using JobStore again = JobStore.Open(_folder, _clock);
        Assert.NotNull(again.SetAside);
        Assert.Empty(new ScheduleStore(again, _clock).List());
    }

    private void Change(string sql)
    {
        SqliteLibrary.Load();
        using SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = Database, Pooling = false }.ToString());
        connection.Open();
        connection.Execute(sql);
    }
}
