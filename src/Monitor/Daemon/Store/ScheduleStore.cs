// SPDX-License-Identifier: MIT

using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Sql;

namespace Kvmsys.Monitor.Daemon.Store;

/// <summary>The daemon's schedules, in the database of its jobs. What a method has returned from is on the disk.</summary>
/// <param name="jobs">The jobs.</param>
/// <param name="time">The clock.</param>
internal sealed class ScheduleStore(JobStore jobs, TimeProvider time)
{
    /// <summary>Schedules that there may be.</summary>
    public const int MostSchedules = 1000;

    /// <summary>The kind of the event that a job was submitted.</summary>
    public const string DueEvent = "schedule.due";

    private const string Rows =
        """
        SELECT schedule.name, cron, time_zone, paused, schedule.request, set_at, set_by, settled_until, last_due, last_job, skipped, postponed, state
        FROM schedule LEFT JOIN job ON job.id = last_job
        """;

    /// <summary>All of them, in the order of their names.</summary>
    public IReadOnlyList<Schedule> List() => jobs.Read(All);

    /// <summary>One; null when there is none of that name.</summary>
    public Schedule? Find(string name) => jobs.Read(connection => FindIn(connection, name));

    /// <summary>Makes one, or gives it another content. With the content that it has, nothing happens.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="request">Its content, looked at already.</param>
    /// <param name="by">Who sets it.</param>
    /// <returns>The schedule, and whether it is a new one; null when there are too many.</returns>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public (Schedule Schedule, bool IsNew)? Set(string name, ScheduleRequest request, string by)
    {
        byte[]? program = request.Job.Program?.File;
        JobRequest kept = program is null ? request.Job : request.Job with { Program = request.Job.Program! with { File = [] } };
        string json = JsonSerializer.Serialize(kept, JobJson.Default.JobRequest);
        return jobs.Write((connection, events) =>
        {
            Schedule? before = FindIn(connection, name);
            if (before is null && (long)connection.Scalar("SELECT count(*) FROM schedule")! >= MostSchedules)
            {
                return ((Schedule, bool)?)null;
            }

            ScheduleRequest? had = before?.Request;
            bool sameTimes = had is not null && (had.Cron, had.TimeZone) == (request.Cron, request.TimeZone);
            if (sameTimes && had!.Paused == request.Paused && JsonSerializer.Serialize(had.Job, JobJson.Default.JobRequest) == json
                && (ProgramIn(connection, name) ?? []).AsSpan().SequenceEqual(program))
            {
                return (before!, false);
            }

            // From now on, unless it only goes on as it did.
            long now = time.GetUtcNow().ToUnixTimeMilliseconds();
            bool goesOn = sameTimes && !had!.Paused;
            connection.Execute(
                """
                INSERT INTO schedule (name, cron, time_zone, paused, request, set_at, set_by, settled_until, program)
                VALUES (@name, @cron, @zone, @paused, @request, @now, @by, @settled, @program)
                ON CONFLICT (name) DO UPDATE SET cron = @cron, time_zone = @zone, paused = @paused, request = @request, set_at = @now, set_by = @by,
                    settled_until = @settled, postponed = false, program = @program
                """,
                ("@name", name),
                ("@cron", request.Cron),
                ("@zone", request.TimeZone),
                ("@paused", request.Paused),
                ("@request", json),
                ("@now", now),
                ("@by", by),
                ("@settled", goesOn ? before!.SettledUntil.ToUnixTimeMilliseconds() : now),
                ("@program", program));
            events.Add(jobs.Note("schedule.set", null, name));
            return (FindIn(connection, name)!, before is null);
        });
    }

    /// <summary>Submits nothing by a schedule until it is wanted again, or does so from now on.</summary>
    /// <returns>The schedule; null when there is none of that name.</returns>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public Schedule? Pause(string name, bool paused) => jobs.Write((connection, events) =>
    {
        if (connection.Execute(
            "UPDATE schedule SET paused = @paused, settled_until = @now, postponed = false WHERE name = @name AND paused <> @paused",
            ("@paused", paused),
            ("@now", time.GetUtcNow().ToUnixTimeMilliseconds()),
            ("@name", name)) == 1)
        {
            events.Add(jobs.Note(paused ? "schedule.paused" : "schedule.resumed", null, name));
        }

        return FindIn(connection, name);
    });

    /// <summary>Removes one. Its jobs stay.</summary>
    /// <returns>Whether there was one of that name.</returns>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public bool Remove(string name) => jobs.Write((connection, events) =>
    {
        if (connection.Execute("DELETE FROM schedule WHERE name = @name", ("@name", name)) == 0)
        {
            return false;
        }

        events.Add(jobs.Note("schedule.removed", null, name));
        return true;
    });

    /// <summary>
    /// Does what is to be done with a schedule now, if there is anything, in one transaction: that its job is submitted is known if and only if its due time
    /// is settled.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="settings">The daemon's.</param>
    /// <returns>What was done; null for nothing.</returns>
    /// <exception cref="StoreFullException">There is no room; it can be tried again.</exception>
    public JobEvent? Settle(string name, DaemonSettings settings) => jobs.Write((connection, events) =>
    {
        DateTimeOffset now = time.GetUtcNow();
        Schedule? schedule = FindIn(connection, name);
        JobEvent? done = schedule is null ? null
            : schedule.IsAheadOf(now) ? Rebase(connection, schedule, now)
            : schedule.DueAt(now) is DateTimeOffset due ? Settle(connection, events, schedule, due, settings)
            : null;
        if (done is not null)
        {
            events.Add(done);
        }

        return done;
    });

    /// <summary>All schedules of a database.</summary>
    internal static List<Schedule> All(DbConnection connection) => connection.Rows($"{Rows} ORDER BY schedule.name", Read);

    private static Schedule? FindIn(DbConnection connection, string name) =>
        connection.Rows($"{Rows} WHERE schedule.name = @name", Read, ("@name", name)) is [Schedule schedule] ? schedule : null;

    private static byte[]? ProgramIn(DbConnection connection, string name) => (byte[]?)connection.Scalar("SELECT program FROM schedule WHERE name = @name", ("@name", name));

    private JobEvent? Settle(DbConnection connection, List<JobEvent> events, Schedule schedule, DateTimeOffset due, DaemonSettings settings)
    {
        (string, object?) name = ("@name", schedule.Name), settled = ("@due", due.ToUnixTimeMilliseconds());
        if (schedule.LastJobState is JobState.Queued or JobState.Running)
        {
            connection.Execute("UPDATE schedule SET settled_until = @due, skipped = skipped + 1, postponed = false WHERE name = @name", name, settled);
            return jobs.Note("schedule.skipped", schedule.LastJob, $"{schedule.Name}: the job before is {JobWords.Of(schedule.LastJobState.Value)} still, at {TextOf(due)}");
        }

        JobRequest request = schedule.Request.Job;
        if (request.Program is ProgramSpec program)
        {
            request = request with { Program = program with { File = ProgramIn(connection, schedule.Name) ?? [] } };
        }

        if (jobs.Submission(request, $"schedule:{schedule.Name}", null, settings.DeadlineSeconds, settings.MaxAttempts, settings.LongestQueue)(events) is not (Job job, _))
        {
            return connection.Execute("UPDATE schedule SET postponed = true WHERE name = @name AND NOT postponed", name) == 0 ? null
                : jobs.Note("schedule.postponed", null, $"{schedule.Name}: {settings.LongestQueue} jobs wait already, at {TextOf(due)}");
        }

        connection.Execute("UPDATE schedule SET settled_until = @due, last_due = @due, last_job = @job, postponed = false WHERE name = @name", name, settled, ("@job", job.Id));
        return jobs.Note(DueEvent, job.Id, $"{schedule.Name}: at {TextOf(due)}");
    }

    private JobEvent Rebase(DbConnection connection, Schedule schedule, DateTimeOffset now)
    {
        connection.Execute("UPDATE schedule SET settled_until = @now WHERE name = @name", ("@now", now.ToUnixTimeMilliseconds()), ("@name", schedule.Name));
        return jobs.Note("schedule.rebased", null, $"{schedule.Name}: the clock was set back, from {TextOf(schedule.SettledUntil)} or later to {TextOf(now)}");
    }

    private static string TextOf(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static Schedule Read(DbDataReader row)
    {
        ScheduleRequest request = new()
        {
            Cron = row.GetString(1),
            TimeZone = row.IsDBNull(2) ? null : row.GetString(2),
            Paused = row.GetBoolean(3),
            Job = JsonSerializer.Deserialize(row.GetString(4), JobJson.Default.JobRequest)!,
        };
        return new()
        {
            Name = row.GetString(0),
            Request = request,
            SetAt = JobStore.TimeOf(row.GetInt64(5)),
            SetBy = row.GetString(6),
            SettledUntil = JobStore.TimeOf(row.GetInt64(7)),
            LastDue = row.IsDBNull(8) ? null : JobStore.TimeOf(row.GetInt64(8)),
            LastJob = row.IsDBNull(9) ? null : row.GetInt64(9),
            Skipped = row.GetInt64(10),
            Postponed = row.GetBoolean(11),
            LastJobState = row.IsDBNull(12) ? null : JobWords.StateOf(row.GetString(12)) ?? throw new FormatException($"a job's state is {row.GetString(12)}"),
            Recurrence = Recurrence.Parse(request.Cron, request.TimeZone, out _),
        };
    }
}
