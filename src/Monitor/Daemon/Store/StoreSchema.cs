// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Sql;
using Microsoft.Data.Sqlite;

namespace Kvmsys.Monitor.Daemon.Store;

/// <summary>The tables of the daemon's database, and how those of every version that was released become those of this one.</summary>
internal static class StoreSchema
{
    /// <summary>PRAGMA application_id: "kvmd".</summary>
    public const int ApplicationId = 0x6b766d64;

    /// <summary>The version that this kvmsys writes.</summary>
    public static int Version => Migrations.Length;

    /// <summary>What leads from each version to the next, the first from nothing. A line here is never changed once it was released.</summary>
    internal static readonly string[] Migrations =
    [
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
        """,
        """
        CREATE TABLE regression (
            id INTEGER PRIMARY KEY NOT NULL,
            at INTEGER NOT NULL,
            mechanism TEXT NOT NULL,
            profile TEXT NOT NULL,
            finding TEXT NOT NULL,
            cpu_brand TEXT NOT NULL,
            cpu_signature TEXT NOT NULL,
            verdict TEXT NOT NULL,
            plan_hash TEXT NOT NULL,
            from_job INTEGER NOT NULL REFERENCES job,
            document TEXT NOT NULL
        ) STRICT;
        CREATE INDEX regression_by_series ON regression (mechanism, profile);
        CREATE TABLE webhook (
            url TEXT PRIMARY KEY NOT NULL,
            told INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
        """
        CREATE TABLE schedule (
            name TEXT PRIMARY KEY NOT NULL,
            cron TEXT NOT NULL,
            time_zone TEXT,
            paused INTEGER NOT NULL,
            request TEXT NOT NULL,
            set_at INTEGER NOT NULL,
            set_by TEXT NOT NULL,
            settled_until INTEGER NOT NULL,
            last_due INTEGER,
            last_job INTEGER REFERENCES job,
            skipped INTEGER NOT NULL DEFAULT 0,
            postponed INTEGER NOT NULL DEFAULT 0,
            program BLOB
        ) STRICT;
        """,

        // What the latest bench says that had the mechanism, also where it has no figure of it. With max(), SQLite takes the other columns of its row.
        """
        CREATE TABLE latest (
            mechanism TEXT NOT NULL,
            profile TEXT NOT NULL,
            job INTEGER NOT NULL REFERENCES job,
            verdict TEXT NOT NULL,
            core_cycles REAL,
            PRIMARY KEY (mechanism, profile)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO latest SELECT mechanism, profile, max(job), verdict, core_cycles FROM figure GROUP BY mechanism, profile;
        """,
        """
        CREATE TABLE mitigations (
            id INTEGER PRIMARY KEY,
            text TEXT NOT NULL UNIQUE
        ) STRICT;
        ALTER TABLE bench ADD COLUMN mitigations INTEGER REFERENCES mitigations;
        CREATE INDEX figure_by_job ON figure (job);
        """,

        // What is asked for by few rows of many: attempts that nobody has ended, and those whose documents are still kept.
        """
        CREATE INDEX bench_by_time ON bench (time, job);
        CREATE INDEX attempt_not_ended ON attempt (job, number) WHERE ended_at IS NULL;
        CREATE INDEX attempt_kept ON attempt (job) WHERE document IS NOT NULL OR log IS NOT NULL;
        """,

        // A farm. Of a host: the farm's jobs that it was given, and which of its own they are. Of a controller: the hosts, which of them makes an attempt,
        // and which jobs are in the stream.
        """
        CREATE TABLE assignment (
            id INTEGER PRIMARY KEY,
            farm TEXT NOT NULL,
            farm_job INTEGER NOT NULL,
            job INTEGER NOT NULL REFERENCES job,
            max_attempts INTEGER NOT NULL,
            run TEXT NOT NULL UNIQUE,
            delivery INTEGER NOT NULL,
            reply TEXT NOT NULL,
            started_told INTEGER NOT NULL DEFAULT 0,
            answered INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX assignment_open ON assignment (id) WHERE answered = 0;
        CREATE INDEX assignment_by_job ON assignment (farm, farm_job);
        ALTER TABLE attempt ADD COLUMN host TEXT;
        ALTER TABLE attempt ADD COLUMN run TEXT;
        CREATE UNIQUE INDEX attempt_by_run ON attempt (job, host, run) WHERE run IS NOT NULL;
        CREATE TABLE published (
            job INTEGER PRIMARY KEY NOT NULL REFERENCES job,
            generation INTEGER NOT NULL,
            at INTEGER
        ) STRICT;
        CREATE TABLE host (
            name TEXT PRIMARY KEY NOT NULL,
            seen_at INTEGER NOT NULL,
            report TEXT NOT NULL,
            cordoned INTEGER NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE batch (
            id INTEGER PRIMARY KEY NOT NULL,
            at INTEGER NOT NULL,
            by TEXT NOT NULL,
            key TEXT UNIQUE,
            digest INTEGER NOT NULL,
            target TEXT NOT NULL
        ) STRICT;
        ALTER TABLE job ADD COLUMN batch INTEGER REFERENCES batch;
        CREATE INDEX job_by_batch ON job (batch) WHERE batch IS NOT NULL;
        CREATE TABLE aside (
            id INTEGER PRIMARY KEY NOT NULL,
            at INTEGER NOT NULL,
            subject TEXT NOT NULL,
            reason TEXT NOT NULL,
            message BLOB NOT NULL
        ) STRICT;
        CREATE TABLE farm (
            id TEXT NOT NULL
        ) STRICT;
        """,

        // A farm's hosts have series of their own. What has changed on one shows in the bench before, of the same plan, where that is another than this one's.
        """
        ALTER TABLE bench ADD COLUMN host TEXT;
        ALTER TABLE bench ADD COLUMN changed_from INTEGER REFERENCES job;
        ALTER TABLE regression ADD COLUMN host TEXT;
        UPDATE bench SET host = (SELECT attempt.host FROM job JOIN attempt ON attempt.job = job.id AND attempt.number = job.accepted_attempt WHERE job.id = bench.job)
        WHERE EXISTS (SELECT 1 FROM attempt WHERE attempt.job = bench.job AND attempt.run IS NOT NULL);
        UPDATE bench SET changed_from = step.earlier
        FROM (
            SELECT job, lag(job) OVER series AS earlier,
                kernel <> lag(kernel) OVER series OR version <> lag(version) OVER series
                    OR coalesce(microcode, '') <> coalesce(lag(microcode) OVER series, '')
                    OR coalesce(mitigations, 0) <> coalesce(lag(mitigations) OVER series, 0) AS differs
            FROM bench WHERE host IS NOT NULL
            WINDOW series AS (PARTITION BY host, plan_hash ORDER BY time, job)) AS step
        WHERE step.job = bench.job AND step.earlier IS NOT NULL AND step.differs;
        UPDATE regression SET host = (SELECT host FROM bench WHERE bench.job = regression.from_job);
        CREATE INDEX bench_by_host ON bench (host, plan_hash, time, job) WHERE host IS NOT NULL;
        CREATE INDEX bench_changed ON bench (time) WHERE changed_from IS NOT NULL;
        CREATE INDEX regression_by_time ON regression (at, id);
        """,

        // Since when a job that has to be published again is not in the stream.
        "ALTER TABLE published ADD COLUMN again_at INTEGER",
    ];

    /// <summary>Whether a database has the tables of this version.</summary>
    public static bool IsCurrent(SqliteConnection connection) => ApplicationOf(connection) == ApplicationId && VersionOf(connection) == Version;

    /// <summary>Whether a database is one of kvmsys daemon, of whatever version.</summary>
    public static bool IsDaemons(SqliteConnection connection) => ApplicationOf(connection) == ApplicationId;

    /// <summary>Brings a database to this version, in one transaction.</summary>
    /// <exception cref="StoreException">It is somebody else's, or of a newer kvmsys.</exception>
    public static void Bring(SqliteConnection connection, string path)
    {
        // What another process brings at the same time is seen whole or not at all.
        using SqliteTransaction transaction = connection.BeginTransaction();
        long version = VersionOf(connection);
        long application = ApplicationOf(connection);
        bool isNew = version == 0 && application == 0 && (long)connection.Scalar("SELECT count(*) FROM sqlite_schema")! == 0;
        if (!isNew && (application != ApplicationId || version < 1))
        {
            throw new StoreException($"{path} is a database, but not of kvmsys daemon", "name another folder with --state");
        }

        if (version > Version)
        {
            throw new StoreException($"a newer kvmsys wrote {path} (schema {version}, and this one knows {Version})", "use that kvmsys, or name another folder with --state");
        }

        if (version == Version)
        {
            return;
        }

        foreach (string migration in Migrations[(int)version..])
        {
            connection.Execute(migration);
        }

        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {Version}"));
        transaction.Commit();
    }

    private static long ApplicationOf(SqliteConnection connection) => (long)connection.Scalar("PRAGMA application_id")!;

    private static long VersionOf(SqliteConnection connection) => (long)connection.Scalar("PRAGMA user_version")!;
}
