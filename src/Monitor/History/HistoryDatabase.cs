// SPDX-License-Identifier: MIT

using System.Data.Common;
using System.Globalization;
using System.Text;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Sql;
using Kvmsys.Monitor.Statistics;
using Kvmsys.Native;
using Kvmsys.Native.Linux;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Kvmsys.Monitor.History;

/// <summary>
/// The file in which benches are kept: each one's whole JSON, and beside it columns to look for it by. A file that is there already is
/// somebody else's until it was looked at.
/// </summary>
/// <remarks>
/// SQLite's rollback journal is right here: a bench is written in milliseconds and seldom, so that readers and writers can wait for each other, the
/// history is one file that can be copied, and it works in a home on NFS, where a write-ahead log's shared memory does not.
/// </remarks>
internal sealed class HistoryDatabase : IDisposable
{
    /// <summary>Bytes that a bench may have: what <c>kvmsys compare</c> takes.</summary>
    public const int MostDocumentBytes = 16 << 20;

    private const int SchemaVersion = 1;
    private const int LongestText = 200;
    private const long MostFileBytes = 4L << 30;
    private const UnixFileMode OwnersFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnersFolder = OwnersFile | UnixFileMode.UserExecute;

    // As long as any other kvmsys can hold it, and long enough not to lose a bench to a slow disk.
    private const int PatienceSeconds = 10;

    private const string CreateEntries = """
        CREATE TABLE bench (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
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
            stable INTEGER NOT NULL,
            document TEXT NOT NULL
        ) STRICT
        """;

    private const string CreateFigures = """
        CREATE TABLE figure (
            mechanism TEXT NOT NULL,
            profile TEXT NOT NULL,
            entry INTEGER NOT NULL,
            verdict TEXT NOT NULL,
            stable INTEGER NOT NULL,
            core_cycles REAL NOT NULL,
            low REAL NOT NULL,
            high REAL NOT NULL,
            coverage REAL NOT NULL,
            PRIMARY KEY (mechanism, profile, entry)
        ) STRICT, WITHOUT ROWID
        """;

    private const string EntryColumns = "id, time, cpu_brand, cpu_signature, microcode, kernel, version, bench.verdict, plan_hash, mechanisms, complete, bench.stable";
    private const int EntryColumnCount = 12;

    // SQLite makes a table of its own for AUTOINCREMENT.
    private static readonly string[] Schema = [CreateEntries, CreateFigures, "CREATE TABLE sqlite_sequence(name,seq)"];

    private readonly string _path;
    private readonly SqliteConnection _connection;

    private HistoryDatabase(string path)
    {
        _path = path;
        _connection = new(new SqliteConnectionStringBuilder
        {
            // Absolute: what begins otherwise may mean something else to SQLite.
            DataSource = Path.GetFullPath(path),
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            DefaultTimeout = PatienceSeconds,
        }.ToString());
    }

    /// <summary>Where the history is when nothing else is said; null when the environment has no home.</summary>
    /// <param name="variable">The environment.</param>
    public static string? DefaultPath(Func<string, string?> variable)
    {
        // A relative path in them is not valid, says the XDG Base Directory Specification.
        string? state = variable("XDG_STATE_HOME") is string given && Path.IsPathRooted(given) ? given
            : variable("HOME") is string home && Path.IsPathRooted(home) ? Path.Combine(home, ".local", "state")
            : null;
        return state is null ? null : Path.Combine(state, "kvmsys", "history.db");
    }

    /// <summary>Opens a history to add to it; makes the file, and the folder that it is in, where there is none.</summary>
    /// <exception cref="HistoryException">It cannot be used.</exception>
    public static HistoryDatabase OpenToAppend(string path)
    {
        Guard(path, () =>
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is string folder)
            {
                Directory.CreateDirectory(folder, OwnersFolder);
            }

            if (!Exists(path))
            {
                // SQLite would make a file that everybody may read. It may be there by now, of another kvmsys.
                using FileStream made = new(path, new FileStreamOptions
                {
                    Mode = FileMode.OpenOrCreate,
                    Access = FileAccess.Write,
                    Share = FileShare.ReadWrite,
                    UnixCreateMode = OwnersFile,
                });
            }

            return true;
        });
        return Open(path, database => database.MakeSchema())!;
    }

    /// <summary>Opens a history that is there; null when there is none, or nothing in it.</summary>
    /// <exception cref="HistoryException">It cannot be used.</exception>
    public static HistoryDatabase? OpenExisting(string path) =>
        Guard(path, () => Exists(path)) ? Open(path, database => database.HasSchema()) : null;

    /// <summary>Adds a bench.</summary>
    /// <param name="bench">The bench; its number is not looked at.</param>
    /// <param name="figures">Its figures.</param>
    /// <param name="json">All of it as text, which is kept whole.</param>
    /// <returns>Its number.</returns>
    /// <exception cref="HistoryException">It cannot be written.</exception>
    public long Append(HistoryEntry bench, IEnumerable<HistoryFigure> figures, string json)
    {
        if (Encoding.UTF8.GetByteCount(json) > MostDocumentBytes)
        {
            throw new HistoryException($"a bench of more than {MostDocumentBytes >> 10} KiB cannot be kept", "keep its --json in a file");
        }

        return Guard(_path, () =>
        {
            using SqliteTransaction transaction = _connection.BeginTransaction();
            long id = (long)_connection.Scalar(
                """
                INSERT INTO bench (time, cpu_brand, cpu_signature, microcode, kernel, version, verdict, plan_hash, mechanisms, complete, stable, document)
                VALUES ($time, $brand, $signature, $microcode, $kernel, $version, $verdict, $plan, $mechanisms, $complete, $stable, $document)
                RETURNING id
                """,
                ("$time", bench.Time.ToUnixTimeMilliseconds()),
                ("$brand", OneLine(bench.CpuBrand)),
                ("$signature", OneLine(bench.CpuSignature)),
                ("$microcode", bench.Microcode is string microcode ? OneLine(microcode) : null),
                ("$kernel", OneLine(bench.Kernel)),
                ("$version", OneLine(bench.Version)),
                ("$verdict", OneLine(bench.Verdict)),
                ("$plan", OneLine(bench.PlanHash)),
                ("$mechanisms", bench.Mechanisms),
                ("$complete", bench.Complete),
                ("$stable", bench.Stable),
                ("$document", json))!;
            foreach (HistoryFigure figure in figures)
            {
                _connection.Execute(
                    """
                    INSERT INTO figure (mechanism, profile, entry, verdict, stable, core_cycles, low, high, coverage)
                    VALUES ($mechanism, $profile, $entry, $verdict, $stable, $value, $low, $high, $coverage)
                    """,
                    ("$mechanism", figure.Mechanism),
                    ("$profile", figure.Profile),
                    ("$entry", id),
                    ("$verdict", figure.Verdict),
                    ("$stable", figure.Stable),
                    ("$value", figure.Cost.Value),
                    ("$low", figure.Cost.Low),
                    ("$high", figure.Cost.High),
                    ("$coverage", figure.Cost.Coverage));
            }

            transaction.Commit();
            return id;
        });
    }

    /// <summary>The latest benches, in the order of time.</summary>
    /// <param name="limit">So many at most.</param>
    /// <exception cref="HistoryException">They cannot be read.</exception>
    public IReadOnlyList<HistoryEntry> Entries(int limit) => Guard(_path, () => Rows(
        $"SELECT {EntryColumns} FROM bench ORDER BY time DESC, id DESC LIMIT $limit", ReadEntry, ("$limit", limit)));

    /// <summary>What a mechanism cost in the latest benches that have a figure of it, in the order of time.</summary>
    /// <param name="mechanism">The mechanism.</param>
    /// <param name="profile">The guest kernel's profile; null for all.</param>
    /// <param name="limit">So many benches at most.</param>
    /// <exception cref="HistoryException">They cannot be read.</exception>
    public IReadOnlyList<HistoryFigure> Figures(string mechanism, string? profile, int limit) => Guard(_path, () => Rows(
        $"""
        WITH wanted AS (SELECT * FROM figure WHERE mechanism = $mechanism AND ($profile IS NULL OR profile = $profile)),
            latest AS (SELECT id FROM bench WHERE id IN (SELECT entry FROM wanted) ORDER BY time DESC, id DESC LIMIT $limit)
        SELECT {EntryColumns}, profile, mechanism, wanted.verdict, wanted.stable, core_cycles, low, high, coverage
        FROM wanted JOIN bench ON id = entry WHERE id IN latest ORDER BY time DESC, id DESC, profile DESC
        """,
        ReadFigure,
        ("$mechanism", mechanism),
        ("$profile", profile),
        ("$limit", limit)));

    /// <summary>A bench's JSON as it was kept, which nobody vouches for; null when there is no such entry.</summary>
    /// <exception cref="HistoryException">It cannot be read.</exception>
    public string? Document(long id) =>
        Guard(_path, () => (string?)_connection.Scalar("SELECT document FROM bench WHERE id = $id", ("$id", id)));

    /// <summary>Removes a bench.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="HistoryException">It cannot be written.</exception>
    public bool Delete(long id) => Guard(_path, () =>
    {
        using SqliteTransaction transaction = _connection.BeginTransaction();
        _connection.Execute("DELETE FROM figure WHERE entry = $id", ("$id", id));
        bool found = _connection.Execute("DELETE FROM bench WHERE id = $id", ("$id", id)) > 0;
        transaction.Commit();
        return found;
    });

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    private static HistoryDatabase? Open(string path, Func<HistoryDatabase, bool> prepare)
    {
        HistoryDatabase? opened = null;
        try
        {
            return Guard(path, () =>
            {
                SqliteLibrary.Load();
                opened = new(path);
                opened._connection.Open();

                // Before anything of the file is believed: no text without end, and no function that its schema calls.
                raw.sqlite3_limit(opened._connection.Handle, raw.SQLITE_LIMIT_LENGTH, 2 * MostDocumentBytes);
                opened._connection.Execute("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
                bool isReady = prepare(opened);
                HistoryDatabase? result = isReady ? opened : null;
                opened = isReady ? null : opened;
                return result;
            });
        }
        finally
        {
            opened?.Dispose();
        }
    }

    /// <summary>Whether there is such a file, which has to be one that SQLite can wait for nobody at.</summary>
    private static bool Exists(string path)
    {
        try
        {
            using OpenFile file = OpenFile.ForReading(path);
            int error = -file.Stat(out Statx status);
            return (status.StxMode & Statx.SIfmt) switch
            {
                _ when error != 0 => throw new KvmException("statx", (Errno)error),
                not Statx.SIfreg => throw Refuse(path, "it is no regular file", "name another one with --history"),
                _ when status.StxSize > MostFileBytes => throw Refuse(path, $"it has {status.StxSize >> 20} MiB, and {MostFileBytes >> 20} MiB are the most", "move it away"),
                _ => true,
            };
        }
        catch (KvmException exception) when (exception.Errno is Errno.ENOENT)
        {
            return false;
        }
    }

    /// <summary>Makes the tables in a file that has none.</summary>
    private bool MakeSchema()
    {
        if (!HasSchema())
        {
            // Another process may be about to do the same: who gets the lock first does it.
            using SqliteTransaction transaction = _connection.BeginTransaction();
            if (!HasSchema())
            {
                _connection.Execute($"{CreateEntries};{CreateFigures};PRAGMA user_version = {SchemaVersion.ToString(CultureInfo.InvariantCulture)}");
            }

            transaction.Commit();
        }

        return true;
    }

    /// <summary>Whether it has the tables; not when it is empty. They have to be ours to the letter: then there is no view and no trigger that does
    /// something else than it seems.</summary>
    private bool HasSchema()
    {
        // In one statement, for another process may be making them.
        List<(long Version, string? Sql)> rows = Rows(
            "SELECT user_version, sql FROM pragma_user_version LEFT JOIN sqlite_schema ON true",
            reader => (reader.GetInt64(0), reader.IsDBNull(1) ? null : reader.GetString(1)));
        long version = rows.Max(row => row.Version);
        string?[] found = [.. rows.Select(row => row.Sql).Order(StringComparer.Ordinal)];
        return version == 0 && found is [null] ? false
            : version > SchemaVersion ? throw Refuse(_path, $"a newer kvmsys wrote it (schema {version}, and this one knows {SchemaVersion})", "use that kvmsys, or name another file with --history")
            : version == SchemaVersion && found.SequenceEqual(Schema.Order(StringComparer.Ordinal)) ? true
            : throw Refuse(_path, "it is a database, but no history of kvmsys", "name another file with --history");
    }

    /// <summary>What is asked for with the latest first, in the order of time.</summary>
    private List<T> Rows<T>(string sql, Func<DbDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        List<T> rows = _connection.Rows(sql, read, parameters);
        rows.Reverse();
        return rows;
    }

    /// <summary>A row that begins with a bench's columns: number, time, CPU, microcode, kernel, version, verdict, plan, mechanisms, complete, stable.</summary>
    internal static HistoryEntry ReadEntry(DbDataReader row) => new()
    {
        Id = row.GetInt64(0),
        Time = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1)),
        CpuBrand = OneLine(row.GetString(2)),
        CpuSignature = OneLine(row.GetString(3)),
        Microcode = row.IsDBNull(4) ? null : OneLine(row.GetString(4)),
        Kernel = OneLine(row.GetString(5)),
        Version = OneLine(row.GetString(6)),
        Verdict = OneLine(row.GetString(7)),
        PlanHash = OneLine(row.GetString(8)),
        Mechanisms = checked((int)row.GetInt64(9)),
        Complete = row.GetBoolean(10),
        Stable = row.GetBoolean(11),
    };

    /// <summary>A row that has a figure behind its bench's columns: profile, mechanism, verdict, stable, cost, its interval, what that covers.</summary>
    /// <exception cref="FormatException">It is none that a call can cost.</exception>
    internal static HistoryFigure ReadFigure(DbDataReader row)
    {
        Estimate cost = new(Cell(4), Cell(5), Cell(6), Cell(7));
        return CallCost.IsPossible(cost.Low) && cost.Low <= cost.Value && cost.Value <= cost.High && CallCost.IsPossible(cost.High) && cost.Coverage is >= 0 and <= 1
            ? new(ReadEntry(row), OneLine(row.GetString(EntryColumnCount)), OneLine(row.GetString(EntryColumnCount + 1)), OneLine(row.GetString(EntryColumnCount + 2)), row.GetBoolean(EntryColumnCount + 3), cost)
            : throw new FormatException($"entry {row.GetInt64(0)} has a cost that no call has");

        double Cell(int index) => row.GetDouble(EntryColumnCount + index);
    }

    /// <summary>A text for a line of a terminal: a hypervisor may write what it likes into CPUID, and anybody into a file.</summary>
    private static string OneLine(string text) => string.Concat(text.Take(LongestText).Select(c => char.IsControl(c) ? ' ' : c));

    /// <summary>Runs what works on a file, and says why when it does not.</summary>
    private static T Guard<T>(string path, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (SqliteException exception)
        {
            (string reason, string cure) = exception.SqliteErrorCode switch
            {
                raw.SQLITE_NOTADB => ("it is no SQLite database", "name another file with --history, or move this one away"),
                raw.SQLITE_CORRUPT => Damaged("its pages do not fit together"),
                raw.SQLITE_TOOBIG => Damaged("a text in it is larger than any bench"),
                raw.SQLITE_BUSY or raw.SQLITE_LOCKED => ($"another process has held it for {PatienceSeconds} s", "try again when that has ended"),
                raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN or raw.SQLITE_PERM or raw.SQLITE_AUTH => NotAllowed("it may not be written"),
                raw.SQLITE_FULL => ("its disk is full", "make room, or name another file with --history"),
                _ => ($"SQLite says: {exception.Message}", "name another file with --history"),
            };
            throw Refuse(path, reason, cure);
        }
        catch (KvmException exception)
        {
            (string reason, string cure) = exception.Errno is Errno.EACCES or Errno.EPERM ? NotAllowed("it may not be read") : NotAllowed(exception.Message);
            throw Refuse(path, reason, cure);
        }
        catch (DllNotFoundException exception)
        {
            throw Refuse(path, $"the system does not load SQLite from memory: {exception.Message}", "keep bench's --json in files");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            (string reason, string cure) = NotAllowed(exception.Message.TrimEnd('.'));
            throw Refuse(path, reason, cure);
        }
        catch (Exception exception) when (exception is FormatException or InvalidOperationException or InvalidCastException or OverflowException or ArgumentException)
        {
            (string reason, string cure) = Damaged(exception.Message.TrimEnd('.'));
            throw Refuse(path, reason, cure);
        }

        static (string Reason, string Cure) Damaged(string how) =>
            ($"it is damaged: {how}", "move it away, and the next bench begins a new one; sqlite3 FILE .recover may save what was in it");

        static (string Reason, string Cure) NotAllowed(string what) => (what, "name a file that can be written with --history");
    }

    private static HistoryException Refuse(string path, string reason, string cure) =>
        new($"the history {OneLine(path)} cannot be used: {OneLine(reason)}", cure);
}
