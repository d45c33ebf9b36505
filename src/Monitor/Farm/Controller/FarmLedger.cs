// SPDX-License-Identifier: MIT

using System.Data.Common;
using System.IO.Hashing;
using System.Text.Json;
using Kvmsys.Monitor.Daemon;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Farm.Protocol;
using Kvmsys.Monitor.Sql;

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>
/// What a farm is held to: which jobs were accepted, which are in the stream, and who makes an attempt at them. It is in the database of the jobs
/// themselves, so that a job and that it is to be published are one commit: a job that waits and is not in the stream is the outbox.
/// </summary>
/// <param name="jobs">The jobs.</param>
/// <param name="time">The clock.</param>
internal sealed class FarmLedger(JobStore jobs, TimeProvider time)
{
    private string? _id;

    /// <summary>What distinguishes this ledger's numbers from those of one before it or after it.</summary>
    /// <exception cref="StoreFullException">There is no room to note it.</exception>
    public string Id => _id ??= jobs.Write((connection, _) =>
    {
        if (connection.Scalar("SELECT id FROM farm") is string known)
        {
            return known;
        }

        string made = Guid.NewGuid().ToString("N");
        connection.Execute("INSERT INTO farm (id) VALUES (@id)", ("@id", made));
        return made;
    });

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Jobs that are to be put into the stream, those with the highest priority first, and how often they were before.</summary>
    public IReadOnlyList<(long Job, int Generation)> Outbox(int limit) => jobs.Read(connection => connection.Rows(
        """
        SELECT id, coalesce(generation, 0) FROM job LEFT JOIN published ON published.job = job.id
        WHERE state IN ('queued', 'running') AND NOT cancel_requested AND published.at IS NULL
        ORDER BY priority DESC, id LIMIT @limit
        """,
        row => (row.GetInt64(0), checked((int)row.GetInt64(1))),
        ("@limit", limit)));

    /// <summary>How many such jobs there are, and since when the oldest of them is one; null for none.</summary>
    public (long Jobs, DateTimeOffset? Since) OutboxState() => jobs.Read(connection => connection.Rows(
        """
        SELECT count(*), min(coalesce(published.again_at, submitted_at)) FROM job LEFT JOIN published ON published.job = job.id
        WHERE state IN ('queued', 'running') AND NOT cancel_requested AND published.at IS NULL
        """,
        row => (row.GetInt64(0), row.IsDBNull(1) ? (DateTimeOffset?)null : JobStore.TimeOf(row.GetInt64(1))))[0]);

    /// <summary>Notes that a job is in the stream.</summary>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public void NotePublished(long job, int generation) => jobs.Write((connection, _) => connection.Execute(
        """
        INSERT INTO published (job, generation, at) VALUES (@job, @generation, @now)
        ON CONFLICT (job) DO UPDATE SET generation = @generation, at = @now
        """,
        ("@job", job),
        ("@generation", generation),
        ("@now", Now)));

    /// <summary>How often a job was put into the stream.</summary>
    public int GenerationOf(long job) => jobs.Read(connection => checked((int)((long?)connection.Scalar("SELECT generation FROM published WHERE job = @job", ("@job", job)) ?? 0)));

    /// <summary>Jobs that should be in the stream, for nobody has told their end, and when they were put there.</summary>
    public IReadOnlyList<(long Job, DateTimeOffset At)> Outstanding() => jobs.Read(connection => connection.Rows(
        "SELECT published.job, at FROM published JOIN job ON job.id = published.job WHERE state IN ('queued', 'running') AND at IS NOT NULL AND NOT cancel_requested",
        row => (row.GetInt64(0), JobStore.TimeOf(row.GetInt64(1)))));

    /// <summary>Notes that a job is not in the stream any more, though it should be.</summary>
    /// <returns>Whether that is so still.</returns>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public bool PublishAgain(long job) => jobs.Write((connection, events) =>
    {
        if (connection.Execute(
            "UPDATE published SET at = NULL, again_at = @now WHERE job = @job AND EXISTS (SELECT 1 FROM job WHERE id = @job AND state IN ('queued', 'running') AND NOT cancel_requested)", ("@job", job), ("@now", Now)) == 0)
        {
            return false;
        }

        events.Add(jobs.Note(EventKinds.JobPublishedAgain, job, null));
        return true;
    });

    /// <summary>Notes that a host has begun an attempt.</summary>
    /// <returns>Whether that is news.</returns>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public bool Begin(AttemptReport report) => jobs.Write((connection, events) => JobStore.FindIn(connection, report.Job) is Job job && Begin(connection, events, job, report) is (_, true));

    /// <summary>Keeps what an attempt has come to. Of several that have a result, the first one's is the job's.</summary>
    /// <param name="report">What the host says.</param>
    /// <param name="judge">What it has come to, from its document.</param>
    /// <returns>The job as it is now; null where there is none of that number.</returns>
    /// <exception cref="StoreFullException">There is no room; it can be tried again.</exception>
    public Job? End(AttemptReport report, JudgedAttempt judge)
    {
        int? number = jobs.Write((connection, events) =>
        {
            if (JobStore.FindIn(connection, report.Job) is not Job job)
            {
                return (int?)null;
            }

            (int attempt, _) = Begin(connection, events, job, report);
            if (connection.Scalar("SELECT ended_at FROM attempt WHERE job = @job AND number = @number", ("@job", job.Id), ("@number", attempt)) is long)
            {
                // It was told before.
                return null;
            }

            if (job.HasEnded)
            {
                AttemptOutcome outcome = judge.End.Outcome == AttemptOutcome.Succeeded ? AttemptOutcome.Superseded : judge.End.Outcome;
                connection.Execute(
                    """
                    UPDATE attempt SET ended_at = @now, outcome = @outcome, exit_status = @status, reason = @reason, log = @log, document = @document
                    WHERE job = @job AND number = @number
                    """,
                    ("@now", Now),
                    ("@outcome", JobWords.Of(outcome)),
                    ("@status", judge.End.ExitStatus),
                    ("@reason", judge.End.Reason ?? $"job {job.Id} was {JobWords.Of(job.State)} already"),
                    ("@log", judge.End.Log),
                    ("@document", judge.End.Document is ReadOnlyMemory<byte> document ? JobStore.Pack(document.Span) : null),
                    ("@job", job.Id),
                    ("@number", attempt));
                events.Add(jobs.Note(EventKinds.ResultSuperseded, job.Id, report.Host));
                return null;
            }

            // Another attempt's end may have let it wait again.
            connection.Execute("UPDATE job SET state = 'running' WHERE id = @job AND state = 'queued'", ("@job", job.Id));
            return attempt;
        });
        return number is int one ? jobs.Finish(report.Job, one, judge.End, judge.Bench, judge.Figures) : jobs.Find(report.Job);
    }

    /// <summary>Ends a job that the server delivers no more, and whose hosts have told no end.</summary>
    /// <returns>Whether it had not ended before.</returns>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public bool GiveUp(long job, JobState state, string reason) => jobs.Write((connection, events) =>
    {
        if (connection.Execute(
            "UPDATE job SET state = @state, ended_at = @now, reason = @reason, program = NULL WHERE id = @job AND state IN ('queued', 'running')",
            ("@state", JobWords.Of(state)),
            ("@now", Now),
            ("@reason", reason),
            ("@job", job)) == 0)
        {
            return false;
        }

        connection.Execute(
            "UPDATE attempt SET ended_at = @now, outcome = 'lost', reason = 'its host has not told its end' WHERE job = @job AND ended_at IS NULL", ("@now", Now), ("@job", job));
        events.Add(jobs.Note($"job.{JobWords.Of(state)}", job, reason));
        return true;
    });

    /// <summary>How many attempts at a job have begun, without those that were interrupted.</summary>
    public int AttemptsThatCount(long job) => jobs.Read(connection => checked((int)(long)connection.Scalar(
        "SELECT count(*) FROM attempt WHERE job = @job AND (outcome IS NULL OR outcome <> 'interrupted')", ("@job", job))!));

    /// <summary>The hosts that make an attempt at a job, as far as they have told.</summary>
    /// <param name="job">The job.</param>
    /// <param name="since">Only those that have begun it since then; null for all.</param>
    public IReadOnlyList<string> HostsOf(long job, DateTimeOffset? since) => jobs.Read(connection => connection.Rows(
        "SELECT DISTINCT host FROM attempt WHERE job = @job AND ended_at IS NULL AND host IS NOT NULL AND started_at >= @since",
        row => row.GetString(0),
        ("@job", job),
        ("@since", since?.ToUnixTimeMilliseconds() ?? 0)));

    /// <summary>Jobs that nobody wants any more, and that a host is making, as far as it has told.</summary>
    public IReadOnlyList<long> CancelledOn(string host) => jobs.Read(connection => connection.Rows(
        "SELECT DISTINCT job FROM attempt JOIN job ON job.id = attempt.job WHERE host = @host AND attempt.ended_at IS NULL AND cancel_requested", row => row.GetInt64(0), ("@host", host)));

    /// <summary>Jobs that nobody wants any more, and of which nobody has told the end.</summary>
    public IReadOnlyList<long> Cancelled() => jobs.Read(connection => connection.Rows("SELECT id FROM job WHERE state = 'running' AND cancel_requested", row => row.GetInt64(0)));

    /// <summary>Takes in a job for several hosts: a job for each target, all of them or none.</summary>
    /// <param name="batch">What was submitted, looked at already.</param>
    /// <param name="targets">The target of each job.</param>
    /// <param name="by">Who submits it.</param>
    /// <param name="key">What makes a second submission the first one again; null for nothing.</param>
    /// <param name="settings">How the controller is set.</param>
    /// <returns>The batch, and whether it is a new one; null when the queue would be too long.</returns>
    /// <exception cref="KeyReusedException">The key was another batch's.</exception>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public (Batch Batch, bool IsNew)? Submit(BatchRequest batch, IReadOnlyList<string> targets, string by, string? key, DaemonSettings settings)
    {
        Func<List<JobEvent>, (Job Job, bool IsNew)?>[] submissions =
        [
            .. targets.Select(target => jobs.Submission(batch.Job with { Target = target }, by, null, settings.DeadlineSeconds, settings.MaxAttempts, int.MaxValue)),
        ];
        long digest = unchecked((long)XxHash3.HashToUInt64(JsonSerializer.SerializeToUtf8Bytes(batch, DaemonJson.Default.BatchRequest)));
        return jobs.Write((connection, events) =>
        {
            if (key is not null && connection.Rows("SELECT id, digest FROM batch WHERE key = @key", row => (Id: row.GetInt64(0), Digest: row.GetInt64(1)), ("@key", key)) is [(long earlier, long same)])
            {
                return same == digest ? (FindBatch(connection, earlier)!, false) : throw new KeyReusedException(earlier);
            }

            if ((long)connection.Scalar("SELECT count(*) FROM job WHERE state = 'queued'")! + targets.Count > settings.LongestQueue)
            {
                return ((Batch, bool)?)null;
            }

            long id = (long)connection.Scalar(
                "INSERT INTO batch (at, by, key, digest, target) VALUES (@now, @by, @key, @digest, @target) RETURNING id",
                ("@now", Now),
                ("@by", by),
                ("@key", key),
                ("@digest", digest),
                ("@target", batch.Where.Count == 0 ? batch.Target : $"{batch.Target} where {string.Join(", ", batch.Where)}"))!;
            foreach (Func<List<JobEvent>, (Job Job, bool IsNew)?> submission in submissions)
            {
                connection.Execute("UPDATE job SET batch = @batch WHERE id = @job", ("@batch", id), ("@job", submission(events)!.Value.Job.Id));
            }

            return (FindBatch(connection, id)!, true);
        });
    }

    /// <summary>A batch; null when there is none of that number.</summary>
    public Batch? FindBatch(long id) => jobs.Read(connection => FindBatch(connection, id));

    /// <summary>Keeps something that is no result, as it came.</summary>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public void SetAside(string subject, string reason, byte[] message) => jobs.Write((connection, events) =>
    {
        connection.Execute(
            "INSERT INTO aside (at, subject, reason, message) VALUES (@now, @subject, @reason, @message)", ("@now", Now), ("@subject", subject), ("@reason", reason), ("@message", message));
        events.Add(jobs.Note(EventKinds.ResultSetAside, FarmSubjects.JobOf(subject), $"{subject}: {reason}"));
        return true;
    });

    /// <summary>What was set aside, the latest first.</summary>
    public IReadOnlyList<SetAsideResult> Aside(int limit) => jobs.Read(connection => connection.Rows(
        "SELECT id, at, subject, reason, CAST(length(message) AS bigint) FROM aside ORDER BY id DESC LIMIT @limit",
        row => new SetAsideResult(row.GetInt64(0), JobStore.TimeOf(row.GetInt64(1)), row.GetString(2), row.GetString(3), row.GetInt64(4)),
        ("@limit", limit)));

    private static Batch? FindBatch(DbConnection connection, long id) => connection.Rows(
        "SELECT at, by, target FROM batch WHERE id = @id",
        row => new Batch(id, JobStore.TimeOf(row.GetInt64(0)), row.GetString(1), row.GetString(2), []),
        ("@id", id)) is [Batch batch]
        ? batch with { Jobs = connection.Rows("SELECT id FROM job WHERE batch = @id ORDER BY id", row => row.GetInt64(0), ("@id", id)) }
        : null;

    // By the ledger's clock: the hosts' may show anything.
    private (int Number, bool IsNew) Begin(DbConnection connection, List<JobEvent> events, Job job, AttemptReport report)
    {
        if (connection.Scalar(
            "SELECT number FROM attempt WHERE job = @job AND host = @host AND run = @run", ("@job", job.Id), ("@host", report.Host), ("@run", report.Run)) is long known)
        {
            return (checked((int)known), false);
        }

        int number = checked((int)(long)connection.Scalar("SELECT coalesce(max(number), 0) + 1 FROM attempt WHERE job = @job", ("@job", job.Id))!);
        connection.Execute(
            "INSERT INTO attempt (job, number, started_at, host, run) VALUES (@job, @number, @now, @host, @run)",
            ("@job", job.Id),
            ("@number", number),
            ("@now", Now),
            ("@host", report.Host),
            ("@run", report.Run));
        connection.Execute("UPDATE job SET attempts = @number WHERE id = @job", ("@number", number), ("@job", job.Id));
        if (connection.Execute("UPDATE job SET state = 'running' WHERE id = @job AND state = 'queued'", ("@job", job.Id)) == 1)
        {
            events.Add(jobs.Note("job.running", job.Id, report.Host));
        }

        return (number, true);
    }
}
