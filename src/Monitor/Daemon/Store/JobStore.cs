// SPDX-License-Identifier: MIT

using System.Data.Common;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text.Json;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Sql;

namespace Kvmsys.Monitor.Daemon.Store;

/// <summary>The daemon's jobs, attempts and results. What a method has returned from is on the disk.</summary>
/// <param name="database">Where they are; it is closed with the store.</param>
/// <param name="time">The clock.</param>
internal sealed class JobStore(StoreDatabase database, TimeProvider time) : IDisposable
{
    /// <summary>Rows that a list has at most.</summary>
    public const int MostRows = 1000;

    /// <summary>Events that are kept, beside those that webhooks were not told yet.</summary>
    public const int MostEvents = 10_000;

    // Longer than a webhook is asked.
    private static readonly TimeSpan LongestUntold = TimeSpan.FromDays(2);

    private const string CordonFlag = "cordoned";
    private const string AttemptColumns = "number, started_at, ended_at, outcome, exit_status, reason, log, document IS NOT NULL, host";

    private const string JobColumns =
        "id, request, state, submitted_at, submitted_by, deadline_seconds, max_attempts, attempts, not_before, cancel_requested, ended_at, reason, accepted_attempt";

    private const string EntryColumns =
        "bench.job, time, cpu_brand, cpu_signature, microcode, kernel, version, bench.verdict, plan_hash, mechanisms, complete, bench.stable";

    private readonly Lock _writer = new();
    private readonly Lock _reader = new();
    private DbConnection? _writing;

    /// <summary>Called, outside of any lock, with each event that was written.</summary>
    public event Action<JobEvent>? Happened;

    /// <summary>A damaged database that was found at the start: where it lies now; null for none.</summary>
    public string? SetAside => database.SetAside;

    /// <summary>Opens the database of a folder, which is made where there is none. One that is damaged is set aside, whole, and a new one begun.</summary>
    /// <exception cref="StoreException">It cannot be used.</exception>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public static JobStore Open(string folder, TimeProvider time) => new(SqliteStoreDatabase.Open(folder, time), time);

    /// <summary>Takes a job in.</summary>
    /// <param name="request">The job, looked at already.</param>
    /// <param name="by">Who submits it.</param>
    /// <param name="key">What makes a second submission the first one again; null for nothing.</param>
    /// <param name="deadlineSeconds">The deadline where it has none.</param>
    /// <param name="maxAttempts">The attempts where it does not say how many.</param>
    /// <param name="longestQueue">Jobs that may wait.</param>
    /// <returns>The job, and whether it is a new one; null when the queue is full.</returns>
    /// <exception cref="KeyReusedException">The key was another job's.</exception>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public (Job Job, bool IsNew)? Submit(JobRequest request, string by, string? key, int deadlineSeconds, int maxAttempts, int longestQueue) =>
        Write(Submission(request, by, key, deadlineSeconds, maxAttempts, longestQueue));

    /// <summary>Taking a job in, as a part of a transaction.</summary>
    internal Func<List<JobEvent>, (Job Job, bool IsNew)?> Submission(JobRequest request, string by, string? key, int deadlineSeconds, int maxAttempts, int longestQueue)
    {
        // A program's file is no text.
        byte[]? program = request.Program?.File;
        JobRequest kept = program is null ? request : request with { Program = request.Program! with { File = [] } };
        string json = JsonSerializer.Serialize(kept, JobJson.Default.JobRequest);
        long digest = unchecked((long)(XxHash3.HashToUInt64(System.Text.Encoding.UTF8.GetBytes(json)) ^ XxHash3.HashToUInt64(program)));
        return events =>
        {
            if (key is not null && Writing.Rows("SELECT job, digest FROM submission WHERE key = @key", row => (Job: row.GetInt64(0), Digest: row.GetInt64(1)), ("@key", key)) is [(long earlier, long same)])
            {
                return same == digest ? (FindIn(Writing, earlier)!, false) : throw new KeyReusedException(earlier);
            }

            if ((long)Writing.Scalar("SELECT count(*) FROM job WHERE state = 'queued'")! >= longestQueue)
            {
                return null;
            }

            long id = (long)Writing.Scalar(
                """
                INSERT INTO job (request, program, kind, priority, state, submitted_at, submitted_by, deadline_seconds, max_attempts)
                VALUES (@request, @program, @kind, @priority, 'queued', @now, @by, @deadline, @attempts)
                RETURNING id
                """,
                ("@request", json),
                ("@program", program),
                ("@kind", JobWords.Of(request.Kind)),
                ("@priority", request.Priority),
                ("@now", Now),
                ("@by", by),
                ("@deadline", request.DeadlineSeconds ?? deadlineSeconds),
                ("@attempts", request.MaxAttempts ?? maxAttempts))!;
            if (key is not null)
            {
                Writing.Execute("INSERT INTO submission (key, digest, job, at) VALUES (@key, @digest, @job, @now)", ("@key", key), ("@digest", digest), ("@job", id), ("@now", Now));
            }

            events.Add(Note("job.queued", id, request.Name));
            return (FindIn(Writing, id)!, true);
        };
    }

    /// <summary>A job; null when there is none.</summary>
    public Job? Find(long id) => Read(connection => FindIn(connection, id));

    /// <summary>Jobs, the latest first.</summary>
    /// <param name="state">Only those that are there; null for all.</param>
    /// <param name="before">Only those with a lesser number; null for all.</param>
    /// <param name="limit">So many at most.</param>
    public IReadOnlyList<Job> List(JobState? state, long? before, int limit) => Read(connection => state is JobState wanted
        ? connection.Rows(
            $"SELECT {JobColumns} FROM job WHERE state = @state AND id < @before ORDER BY id DESC LIMIT @limit",
            ReadJob,
            ("@state", JobWords.Of(wanted)),
            ("@before", before ?? long.MaxValue),
            ("@limit", limit))
        : connection.Rows(
            $"SELECT {JobColumns} FROM job WHERE id < @before ORDER BY id DESC LIMIT @limit", ReadJob, ("@before", before ?? long.MaxValue), ("@limit", limit)));

    /// <summary>How many jobs are in each state; a state that none is in may be missing.</summary>
    public IReadOnlyDictionary<JobState, long> Counts() => Read(connection =>
        connection.Rows("SELECT state, count(*) FROM job GROUP BY state", row => (State: StateIn(row, 0), Count: row.GetInt64(1)))
            .ToDictionary(row => row.State, row => row.Count));

    /// <summary>When the job that has waited longest was submitted; null when none waits.</summary>
    public DateTimeOffset? OldestQueued() => Read(connection =>
        connection.Scalar("SELECT min(submitted_at) FROM job WHERE state = 'queued'") is long at ? TimeOf(at) : (DateTimeOffset?)null);

    /// <summary>A job's attempts, in order.</summary>
    public IReadOnlyList<JobAttempt> Attempts(long job) => Read(connection => connection.Rows(
        $"SELECT {AttemptColumns} FROM attempt WHERE job = @job ORDER BY number", ReadAttempt, ("@job", job)));

    /// <summary>What an attempt has measured, as JSON; null when there is nothing.</summary>
    public byte[]? Document(long job, int attempt) => Read(connection =>
        connection.Scalar("SELECT document FROM attempt WHERE job = @job AND number = @attempt", ("@job", job), ("@attempt", attempt)) is byte[] packed
            ? Unpack(packed)
            : null);

    /// <summary>The file of the program that a job runs; null for none.</summary>
    public byte[]? Program(long job) => Read(connection => (byte[]?)connection.Scalar("SELECT program FROM job WHERE id = @id", ("@id", job)));

    /// <summary>Begins an attempt at the job whose turn it is.</summary>
    /// <returns>The job and the attempt's number; null when none may begin.</returns>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public (Job Job, int Attempt)? TakeNext() => Write(events =>
    {
        // A clock that was set back lets nobody wait longer than the longest pause.
        if (Writing.Scalar(
            """
            UPDATE job SET state = 'running', attempts = attempts + 1
            WHERE id = (
                SELECT id FROM job WHERE state = 'queued' AND (not_before <= @now OR not_before > @now + @pause)
                ORDER BY priority DESC, id LIMIT 1)
            RETURNING id
            """,
            ("@now", Now),
            ("@pause", (long)RetryPolicy.LongestPause.TotalMilliseconds)) is not long id)
        {
            return ((Job, int)?)null;
        }

        Job job = FindIn(Writing, id)!;
        Writing.Execute("INSERT INTO attempt (job, number, started_at) VALUES (@job, @number, @now)", ("@job", id), ("@number", job.Attempts), ("@now", Now));
        events.Add(Note("job.running", id, null));
        return (job, job.Attempts);
    });

    /// <summary>How long it is until a job that waits for its next attempt may have it; null when none does.</summary>
    public TimeSpan? UntilNext() => Read(connection =>
        connection.Scalar("SELECT min(not_before) FROM job WHERE state = 'queued'") is long at
            ? TimeSpan.FromMilliseconds(Math.Clamp(at - Now, 0, (long)RetryPolicy.LongestPause.TotalMilliseconds))
            : (TimeSpan?)null);

    /// <summary>Keeps what an attempt has come to, and settles what becomes of its job.</summary>
    /// <param name="job">The job.</param>
    /// <param name="attempt">The attempt.</param>
    /// <param name="end">What it has come to.</param>
    /// <param name="bench">Of a bench that is accepted, what the series need; null for none.</param>
    /// <param name="figures">Its figures.</param>
    /// <returns>The job.</returns>
    /// <exception cref="StoreFullException">There is no room; it can be tried again.</exception>
    public Job Finish(long job, int attempt, AttemptEnd end, HistoryEntry? bench = null, IEnumerable<HistoryFigure>? figures = null)
    {
        byte[]? packed = end.Document is ReadOnlyMemory<byte> document ? Pack(document.Span) : null;
        return Write(events =>
        {
            int ended = Writing.Execute(
                """
                UPDATE attempt SET ended_at = @now, outcome = @outcome, exit_status = @status, reason = @reason, log = @log, document = @document
                WHERE job = @job AND number = @number AND ended_at IS NULL
                """,
                ("@now", Now),
                ("@outcome", JobWords.Of(end.Outcome)),
                ("@status", end.ExitStatus),
                ("@reason", end.Reason),
                ("@log", end.Log),
                ("@document", packed),
                ("@job", job),
                ("@number", attempt));
            Job before = FindIn(Writing, job)!;
            if (ended == 0 || before.State != JobState.Running)
            {
                return before;
            }

            // In a farm the next attempt may have been told before this one's end: it counts when it ends, and the job does not wait.
            int counted = CountOf("SELECT count(*) FROM attempt WHERE job = @job AND ended_at IS NOT NULL AND outcome <> 'interrupted'", job);
            int interrupted = CountOf("SELECT count(*) FROM attempt WHERE job = @job AND outcome = 'interrupted'", job);
            (JobState state, TimeSpan pause) = RetryPolicy.Next(end.Outcome, before.CancelRequested, counted, interrupted, before.MaxAttempts);
            if (state == JobState.Queued
                && Writing.Scalar("SELECT 1 FROM attempt WHERE job = @job AND number > @number AND ended_at IS NULL LIMIT 1", ("@job", job), ("@number", attempt)) is not null)
            {
                return before;
            }

            bool hasEnded = state != JobState.Queued;
            Writing.Execute(
                """
                UPDATE job SET state = @state, not_before = @notBefore, ended_at = @ended, reason = @reason, accepted_attempt = @accepted,
                    program = CASE WHEN @hasEnded THEN NULL ELSE program END
                WHERE id = @job
                """,
                ("@state", JobWords.Of(state)),
                ("@notBefore", Now + (long)pause.TotalMilliseconds),
                ("@ended", hasEnded ? Now : null),
                ("@hasEnded", hasEnded),
                ("@reason", state == JobState.Done ? null : end.Reason),
                ("@accepted", state == JobState.Done ? attempt : null),
                ("@job", job));
            if (state == JobState.Done && bench is not null)
            {
                Keep(job, attempt, bench, figures ?? []);
                KeepLatest(job, end.Results);
            }

            events.Add(Note($"job.{JobWords.Of(state)}", job, state == JobState.Done ? null : end.Reason));
            return FindIn(Writing, job)!;
        });
    }

    /// <summary>Ends every attempt that nobody makes any more: those of a daemon that is gone.</summary>
    /// <returns>The jobs that lost one, as they are now.</returns>
    public IReadOnlyList<Job> Recover()
    {
        List<(long Job, int Attempt)> lost = Read(connection => connection.Rows(
            "SELECT job, number FROM attempt WHERE ended_at IS NULL", row => (row.GetInt64(0), checked((int)row.GetInt64(1)))));
        AttemptEnd end = new(AttemptOutcome.Lost, null, "the daemon was gone before the attempt's end was known", null, null);
        return [.. lost.Select(attempt => Finish(attempt.Job, attempt.Attempt, end))];
    }

    /// <summary>Ends a job: at once where it waits, and where it runs as soon as its process has ended.</summary>
    /// <returns>The job as it is now; null when there is none.</returns>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public Job? Cancel(long id) => Write(events =>
    {
        const string reason = "cancelled";
        if (Writing.Execute(
            "UPDATE job SET state = 'cancelled', cancel_requested = true, ended_at = @now, reason = @reason, program = NULL WHERE id = @id AND state = 'queued'",
            ("@now", Now),
            ("@reason", reason),
            ("@id", id)) == 1)
        {
            events.Add(Note("job.cancelled", id, null));
        }
        else
        {
            Writing.Execute("UPDATE job SET cancel_requested = true WHERE id = @id AND state = 'running'", ("@id", id));
        }

        return FindIn(Writing, id);
    });

    /// <summary>Whether no job is begun until somebody allows it again.</summary>
    public bool IsCordoned
    {
        get => Read(connection => connection.Scalar("SELECT value FROM flag WHERE name = @name", ("@name", CordonFlag)) is 1L);
        set => Write(events =>
        {
            Writing.Execute("INSERT INTO flag (name, value) VALUES (@name, @value) ON CONFLICT (name) DO UPDATE SET value = @value", ("@name", CordonFlag), ("@value", value ? 1 : 0));
            events.Add(Note(value ? EventKinds.HostCordoned : EventKinds.HostUncordoned, null, null));
            return value;
        });
    }

    /// <summary>Accepted benches, the latest first; their numbers are those of their jobs.</summary>
    /// <param name="before">Only those of jobs with a lesser number; null for all.</param>
    /// <param name="limit">So many at most.</param>
    public IReadOnlyList<HistoryEntry> Benches(long? before, int limit) => Read(connection => BenchesIn(
        connection,
        "WHERE job < @before ORDER BY job DESC LIMIT @limit", ("@before", before ?? long.MaxValue), ("@limit", limit)));

    /// <summary>Benches that a condition chooses.</summary>
    internal static List<HistoryEntry> BenchesIn(DbConnection connection, string condition, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        return connection.Rows(
            $"SELECT {EntryColumns}, host, mitigations.text FROM bench LEFT JOIN mitigations ON mitigations.id = bench.mitigations {condition}", Read, parameters);

        static HistoryEntry Read(DbDataReader row)
        {
            int text = row.FieldCount - 1;
            return HistoryDatabase.ReadEntry(row) with { Host = TextIn(row, text - 1), Mitigations = TextIn(row, text) };
        }
    }

    /// <summary>What a mechanism cost in the latest benches that have a figure of it, in the order of time.</summary>
    /// <param name="mechanism">The mechanism; null for all.</param>
    /// <param name="profile">The kernel's profile; null for all.</param>
    /// <param name="limit">So many benches at most.</param>
    /// <param name="host">The host of a farm; null for all.</param>
    public IReadOnlyList<HistoryFigure> Figures(string? mechanism, string? profile, int limit, string? host = null) =>
        Read(connection => FiguresIn(connection, [("figure.mechanism", mechanism), ("figure.profile", profile)], [("host", host)], limit));

    /// <summary>The latest figures of the series that a figure is of, in the order of time.</summary>
    /// <param name="figure">The figure.</param>
    /// <param name="limit">So many at most.</param>
    public IReadOnlyList<HistoryFigure> SeriesOf(HistoryFigure figure, int limit) => Read(connection => FiguresIn(
        connection,
        [("figure.mechanism", figure.Mechanism), ("figure.profile", figure.Profile), ("figure.verdict", figure.Verdict)],
        [("host", figure.Entry.Host), ("plan_hash", figure.Entry.PlanHash), ("cpu_brand", figure.Entry.CpuBrand), ("cpu_signature", figure.Entry.CpuSignature)],
        limit));

    /// <param name="connection">The database.</param>
    /// <param name="ofFigure">What columns of a figure have to have; null for anything.</param>
    /// <param name="ofBench">The same of its bench.</param>
    /// <param name="limit">So many benches at most.</param>
    private static List<HistoryFigure> FiguresIn(DbConnection connection, IReadOnlyList<(string Column, string? Value)> ofFigure, IReadOnlyList<(string Column, string? Value)> ofBench, int limit)
    {
        (string Column, string Name, string Value)[] wanted = [.. ofFigure.Concat(ofBench).Where(wish => wish.Value is not null).Select(wish => (wish.Column, $"@{wish.Column.Split('.')[^1]}", wish.Value!))];
        string figureIs = Conditions(ofFigure);

        // A host has few sets of them, and each is long.
        Dictionary<long, string> mitigations = connection.Rows("SELECT id, text FROM mitigations", row => (Id: row.GetInt64(0), Text: row.GetString(1)))
            .ToDictionary(row => row.Id, row => row.Text);
        List<HistoryFigure> figures = connection.Rows(
            $"""
            WITH latest AS (
                SELECT * FROM bench WHERE {Conditions(ofBench)} AND EXISTS (SELECT 1 FROM figure WHERE figure.job = bench.job AND {figureIs})
                ORDER BY time DESC, job DESC LIMIT @limit)
            SELECT {EntryColumns},
                figure.profile, mechanism, figure.verdict, figure.stable, core_cycles, low, high, coverage, bench.host, bench.mitigations
            FROM latest AS bench CROSS JOIN figure
            WHERE figure.job = bench.job AND {figureIs}
            ORDER BY time DESC, bench.job DESC, mechanism, figure.profile
            """,
            Read,
            [("@limit", limit), .. wanted.Select(wish => (wish.Name, (object?)wish.Value))]);
        figures.Reverse();
        return figures;

        string Conditions(IReadOnlyList<(string Column, string? Value)> wishes) =>
            string.Join(" AND ", wanted.Where(wish => wishes.Any(one => one.Column == wish.Column)).Select(wish => $"{wish.Column} = {wish.Name}").Prepend("true"));

        HistoryFigure Read(DbDataReader row)
        {
            HistoryFigure figure = HistoryDatabase.ReadFigure(row);
            int last = row.FieldCount - 1;
            return row.IsDBNull(last - 1) && row.IsDBNull(last) ? figure : figure with
            {
                Entry = figure.Entry with { Host = TextIn(row, last - 1), Mitigations = row.IsDBNull(last) ? null : mitigations.GetValueOrDefault(row.GetInt64(last)) },
            };
        }
    }

    /// <summary>What the latest accepted bench says of each mechanism on each kernel that it had.</summary>
    public IReadOnlyList<ResultVerdict> Latest() => Read(LatestIn);

    private static List<ResultVerdict> LatestIn(DbConnection connection) => connection.Rows(
        "SELECT mechanism, profile, verdict, core_cycles FROM latest ORDER BY mechanism, profile",
        row => new ResultVerdict(row.GetString(0), row.GetString(1), row.GetString(2), row.IsDBNull(3) ? null : row.GetDouble(3)));

    /// <summary>Events behind one, in order.</summary>
    public IReadOnlyList<JobEvent> EventsAfter(long id, int limit) => Read(connection => connection.Rows(
        "SELECT id, at, kind, job, text FROM event WHERE id > @id ORDER BY id LIMIT @limit",
        ReadEvent,
        ("@id", id),
        ("@limit", limit)));

    /// <summary>The number of the latest event; 0 for none.</summary>
    public long LatestEvent() => Read(connection => (long?)connection.Scalar("SELECT max(id) FROM event") ?? 0);

    /// <summary>Forgets what is older than is wanted: documents, logs and keys of ended jobs, and events. Figures, and what became of jobs, stay.</summary>
    /// <param name="age">How old documents may become.</param>
    /// <returns>Attempts that lost theirs.</returns>
    public int Prune(TimeSpan age) => Write(_ =>
    {
        long before = Now - (long)age.TotalMilliseconds;
        Writing.Execute("DELETE FROM submission WHERE at < @before", ("@before", before));

        // What webhooks were not told yet waits for them, as long as it is told at all.
        Writing.Execute(
            """
            DELETE FROM event
            WHERE id <= (SELECT max(id) FROM event) - @most AND (at < @old OR id <= coalesce((SELECT min(told) FROM webhook), id))
            """,
            ("@most", MostEvents),
            ("@old", Now - (long)LongestUntold.TotalMilliseconds));
        return Writing.Execute(
            """
            UPDATE attempt SET document = NULL, log = NULL
            WHERE (document IS NOT NULL OR log IS NOT NULL) AND EXISTS (SELECT 1 FROM job WHERE id = attempt.job AND ended_at < @before)
            """,
            ("@before", before));
    });

    /// <summary>Whether something can be written.</summary>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public void TryToWrite() => Write(_ => Writing.Execute("INSERT INTO flag (name, value) VALUES ('probe', 0) ON CONFLICT (name) DO UPDATE SET value = flag.value + 1"));

    /// <summary>Finds out whether this process may write still; nothing is.</summary>
    /// <exception cref="StoreException">It may not.</exception>
    public void MayWrite() => Write((connection, _) => connection.Scalar("SELECT 1"));

    /// <summary>Closes the database.</summary>
    public void Dispose()
    {
        lock (_reader)
        {
            lock (_writer)
            {
                database.Dispose();
            }
        }
    }

    // Of the transaction that there is: the database may have another one by now.
    private DbConnection Writing => _writing ?? throw new InvalidOperationException("no transaction");

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>A time as it is kept.</summary>
    internal static DateTimeOffset TimeOf(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    /// <summary>Reads everything that a database has, to see that all of it makes sense.</summary>
    internal static void ReadAll(DbConnection connection)
    {
        connection.Rows($"SELECT {JobColumns} FROM job", row => ReadJob(row).Id);
        connection.Rows($"SELECT {AttemptColumns}, document FROM attempt", row => ReadAttempt(row).HasDocument ? Unpack((byte[])row.GetValue(9)).Length : 0);
        connection.Rows("SELECT id, at, kind, job, text FROM event", row => ReadEvent(row).Id);
        FiguresIn(connection, [], [], int.MaxValue);
        LatestIn(connection);
    }

    /// <summary>Reads, with the connection that only does that.</summary>
    internal T Read<T>(Func<DbConnection, T> read)
    {
        try
        {
            lock (_reader)
            {
                return read(database.Reading);
            }
        }
        catch (Exception exception) when (database.IsItsOwn(exception))
        {
            throw database.Explained(exception);
        }
    }

    /// <summary>Changes something in one transaction, and tells what has happened when it is on the disk.</summary>
    internal T Write<T>(Func<DbConnection, List<JobEvent>, T> write)
    {
        List<JobEvent> events = [];
        T result;
        try
        {
            lock (_writer)
            {
                _writing = database.Writing;
                using DbTransaction transaction = _writing.BeginTransaction();
                result = write(_writing, events);
                transaction.Commit();
            }
        }
        catch (Exception exception) when (database.IsItsOwn(exception))
        {
            throw database.Explained(exception);
        }

        foreach (JobEvent happened in events)
        {
            Happened?.Invoke(happened);
        }

        return result;
    }

    private T Write<T>(Func<List<JobEvent>, T> write) => Write((_, events) => write(events));

    /// <summary>Notes what has happened, in the transaction that there is.</summary>
    internal JobEvent Note(string kind, long? job, string? text)
    {
        if (!EventKinds.All.Contains(kind))
        {
            throw new ArgumentOutOfRangeException(nameof(kind), kind, null);
        }

        long at = Now;
        long id = (long)Writing.Scalar(
            "INSERT INTO event (at, kind, job, text) VALUES (@at, @kind, @job, @text) RETURNING id", ("@at", at), ("@kind", kind), ("@job", job), ("@text", text))!;
        return new(id, TimeOf(at), kind, job, text);
    }

    private int CountOf(string sql, long job) => checked((int)(long)Writing.Scalar(sql, ("@job", job))!);

    private void Keep(long job, int attempt, HistoryEntry bench, IEnumerable<HistoryFigure> figures)
    {
        string? host = (string?)Writing.Scalar("SELECT host FROM attempt WHERE job = @job AND number = @number", ("@job", job), ("@number", attempt));
        long? changedFrom = host is not null
            && BenchesIn(Writing, "WHERE host = @host AND plan_hash = @plan ORDER BY time DESC, job DESC LIMIT 1", ("@host", host), ("@plan", bench.PlanHash)) is [HistoryEntry before]
            && HistorySeries.Differences(before, bench).Any() ? before.Id : null;
        Writing.Execute(
            """
            INSERT INTO bench (job, time, cpu_brand, cpu_signature, microcode, kernel, version, verdict, plan_hash, mechanisms, complete, stable, mitigations, host, changed_from)
            VALUES (@job, @time, @brand, @signature, @microcode, @kernel, @version, @verdict, @plan, @mechanisms, @complete, @stable, @mitigations, @host, @changedFrom)
            """,
            ("@job", job),
            ("@time", bench.Time.ToUnixTimeMilliseconds()),
            ("@brand", bench.CpuBrand),
            ("@signature", bench.CpuSignature),
            ("@microcode", bench.Microcode),
            ("@kernel", bench.Kernel),
            ("@version", bench.Version),
            ("@verdict", bench.Verdict),
            ("@plan", bench.PlanHash),
            ("@mechanisms", bench.Mechanisms),
            ("@complete", bench.Complete),
            ("@stable", bench.Stable),
            ("@mitigations", bench.Mitigations is string mitigations ? KeepMitigations(mitigations) : null),
            ("@host", host),
            ("@changedFrom", changedFrom));
        foreach (HistoryFigure figure in figures)
        {
            Writing.Execute(
                """
                INSERT INTO figure (mechanism, profile, job, verdict, stable, core_cycles, low, high, coverage)
                VALUES (@mechanism, @profile, @job, @verdict, @stable, @value, @low, @high, @coverage)
                """,
                ("@mechanism", figure.Mechanism),
                ("@profile", figure.Profile),
                ("@job", job),
                ("@verdict", figure.Verdict),
                ("@stable", figure.Stable),
                ("@value", figure.Cost.Value),
                ("@low", figure.Cost.Low),
                ("@high", figure.Cost.High),
                ("@coverage", figure.Cost.Coverage));
        }
    }

    private void KeepLatest(long job, IReadOnlyList<ResultVerdict> results)
    {
        foreach (ResultVerdict result in results)
        {
            // Jobs do not end in the order of their numbers; the last to end is the latest.
            Writing.Execute(
                """
                INSERT INTO latest (mechanism, profile, job, verdict, core_cycles) VALUES (@mechanism, @profile, @job, @verdict, @value)
                ON CONFLICT (mechanism, profile) DO UPDATE SET job = @job, verdict = @verdict, core_cycles = @value
                """,
                ("@mechanism", result.Mechanism),
                ("@profile", result.Profile),
                ("@job", job),
                ("@verdict", result.Verdict),
                ("@value", result.CoreCycles));
        }
    }

    private long KeepMitigations(string text)
    {
        Writing.Execute("INSERT INTO mitigations (text) VALUES (@text) ON CONFLICT (text) DO NOTHING", ("@text", text));
        return (long)Writing.Scalar("SELECT id FROM mitigations WHERE text = @text", ("@text", text))!;
    }

    internal static Job? FindIn(DbConnection connection, long id) =>
        connection.Rows($"SELECT {JobColumns} FROM job WHERE id = @id", ReadJob, ("@id", id)) is [Job job] ? job : null;

    private static JobAttempt ReadAttempt(DbDataReader row) => new()
    {
        Number = checked((int)row.GetInt64(0)),
        StartedAt = TimeOf(row.GetInt64(1)),
        EndedAt = row.IsDBNull(2) ? null : TimeOf(row.GetInt64(2)),
        Outcome = row.IsDBNull(3) ? null : JobWords.OutcomeOf(row.GetString(3)) ?? throw new FormatException($"an attempt's outcome is {row.GetString(3)}"),
        ExitStatus = row.IsDBNull(4) ? null : checked((int)row.GetInt64(4)),
        Reason = row.IsDBNull(5) ? null : row.GetString(5),
        Log = row.IsDBNull(6) ? null : row.GetString(6),
        HasDocument = row.GetBoolean(7),
        Host = row.IsDBNull(8) ? null : row.GetString(8),
    };

    private static JobEvent ReadEvent(DbDataReader row) => new(
        row.GetInt64(0), TimeOf(row.GetInt64(1)), row.GetString(2), row.IsDBNull(3) ? null : row.GetInt64(3), row.IsDBNull(4) ? null : row.GetString(4));

    private static Job ReadJob(DbDataReader row) => new()
    {
        Id = row.GetInt64(0),
        Request = JsonSerializer.Deserialize(row.GetString(1), JobJson.Default.JobRequest)!,
        State = StateIn(row, 2),
        SubmittedAt = TimeOf(row.GetInt64(3)),
        SubmittedBy = row.GetString(4),
        DeadlineSeconds = checked((int)row.GetInt64(5)),
        MaxAttempts = checked((int)row.GetInt64(6)),
        Attempts = checked((int)row.GetInt64(7)),
        NotBefore = TimeOf(row.GetInt64(8)),
        CancelRequested = row.GetBoolean(9),
        EndedAt = row.IsDBNull(10) ? null : TimeOf(row.GetInt64(10)),
        Reason = row.IsDBNull(11) ? null : row.GetString(11),
        AcceptedAttempt = row.IsDBNull(12) ? null : checked((int)row.GetInt64(12)),
    };

    private static string? TextIn(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static JobState StateIn(DbDataReader row, int column) =>
        JobWords.StateOf(row.GetString(column)) ?? throw new FormatException($"a job's state is {row.GetString(column)}");

    internal static byte[] Pack(ReadOnlySpan<byte> document) => Packing.Pack(document, CompressionLevel.Fastest);

    private static byte[] Unpack(byte[] packed) => Packing.Unpack(packed, Array.MaxLength);
}
