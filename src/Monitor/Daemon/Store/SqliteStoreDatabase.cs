// SPDX-License-Identifier: MIT

using System.Data;
using System.Data.Common;
using Kvmsys.Monitor.Sql;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Kvmsys.Monitor.Daemon.Store;

/// <summary>
/// A store's tables in one SQLite file. What was committed is on the disk: a write-ahead log that is synced at every commit.
/// </summary>
internal sealed class SqliteStoreDatabase : StoreDatabase
{
    /// <summary>The database's name in its folder.</summary>
    public const string FileName = "jobs.db";

    private const string CorruptMarker = FileName + ".corrupt";

    private readonly string _folder;
    private readonly SqliteConnection _writing;
    private readonly SqliteConnection _reading;
    private bool _isCorrupt;

    private SqliteStoreDatabase(string folder, string? setAside)
    {
        _folder = folder;
        SetAside = setAside;
        _writing = Connect(Path.Combine(folder, FileName), SqliteOpenMode.ReadWriteCreate);
        try
        {
            _writing.Execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF");
            StoreSchema.Bring(_writing, Path.Combine(folder, FileName));

            // It is written into the file, which has to be this daemon's.
            _writing.Execute("PRAGMA journal_mode = WAL");
            _reading = Connect(Path.Combine(folder, FileName), SqliteOpenMode.ReadOnly);
        }
        catch
        {
            _writing.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override DbConnection Writing => _writing;

    /// <inheritdoc/>
    public override DbConnection Reading => _reading;

    /// <inheritdoc/>
    public override string? SetAside { get; }

    /// <summary>Opens the database of a folder, which is made where there is none. One that is damaged is set aside, whole, and a new one begun.</summary>
    /// <exception cref="StoreException">It cannot be used.</exception>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public static SqliteStoreDatabase Open(string folder, TimeProvider time)
    {
        SqliteLibrary.Load();
        string path = Path.Combine(folder, FileName);
        string marker = Path.Combine(folder, CorruptMarker);
        try
        {
            const UnixFileMode owners = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
            Directory.CreateDirectory(folder, owners);
            string? aside = null;
            if (File.Exists(marker))
            {
                aside = !File.Exists(path) || IsSound(path) ? null : MoveAside(path, time);
                File.Delete(marker);
            }

            try
            {
                return new(folder, aside);
            }
            catch (SqliteException exception) when (IsDamage(exception))
            {
                // What is in braces is done after what opens it.
                aside = MoveAside(path, time);
                return new(folder, aside);
            }
        }
        catch (SqliteException exception) when (IsFull(exception))
        {
            throw new StoreFullException(exception);
        }
        catch (Exception exception) when (exception is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"the database {path} cannot be used: {exception.Message.TrimEnd('.')}", "name a folder that can be written with --state");
        }
    }

    /// <summary>Opens a database.</summary>
    public static SqliteConnection Connect(string path, SqliteOpenMode mode)
    {
        SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = Path.GetFullPath(path), Mode = mode, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }

    /// <summary>Whether it comes of a disk without room.</summary>
    public static bool IsFull(SqliteException exception) =>
        exception.SqliteErrorCode is raw.SQLITE_FULL || (exception.SqliteErrorCode is raw.SQLITE_IOERR
            && exception.SqliteExtendedErrorCode is raw.SQLITE_IOERR_WRITE or raw.SQLITE_IOERR_FSYNC or raw.SQLITE_IOERR_SHMSIZE);

    /// <inheritdoc/>
    public override bool IsItsOwn(Exception exception) =>
        exception is SqliteException || (IsDamage(exception) && _writing.State == ConnectionState.Open && _reading.State == ConnectionState.Open);

    /// <summary>What a failure means. Damage is remembered for the next start, which looks at the whole file.</summary>
    public override Exception Explained(Exception exception)
    {
        if (exception is SqliteException sqlite && IsFull(sqlite))
        {
            return new StoreFullException(exception);
        }

        if (IsSuspicious(exception) && !_isCorrupt)
        {
            try
            {
                File.WriteAllText(Path.Combine(_folder, CorruptMarker), exception.Message);
                _isCorrupt = true;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // The disk is full too: it is told all the same, and noted when it is met again.
            }
        }

        string reason = exception is SqliteException ? exception.Message.TrimEnd('.') : "a value in it makes no sense";
        return new StoreException($"the daemon's database in {_folder} cannot be used: {reason}", "restart the daemon: a damaged one is set aside then");
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _reading.Dispose();
        _writing.Dispose();
    }

    /// <summary>Whether everything in a database fits and can be read.</summary>
    private static bool IsSound(string path)
    {
        try
        {
            using SqliteConnection connection = Connect(path, SqliteOpenMode.ReadOnly);
            if (connection.Scalar("PRAGMA integrity_check(1)") is not "ok")
            {
                return false;
            }

            if (StoreSchema.IsCurrent(connection))
            {
                JobStore.ReadAll(connection);
                RegressionStore.All(connection);
                ScheduleStore.All(connection);
            }

            return true;
        }
        catch (Exception exception) when (IsSuspicious(exception))
        {
            return false;
        }
    }

    /// <summary>Moves a database to where no other one is.</summary>
    private static string MoveAside(string path, TimeProvider time)
    {
        SqliteConnection.ClearAllPools();
        string aside = $"{path}.damaged-{time.GetUtcNow():yyyyMMddTHHmmssfff}";
        foreach (string part in new[] { "-wal", "-shm", "" })
        {
            if (File.Exists(path + part))
            {
                File.Move(path + part, aside + part, overwrite: false);
            }
        }

        return aside;
    }

    /// <summary>Whether it comes of what no daemon has written: of pages that do not fit, or of values that are none.</summary>
    private static bool IsDamage(Exception exception) =>
        exception is SqliteException sqlite ? sqlite.SqliteErrorCode is raw.SQLITE_NOTADB or raw.SQLITE_CORRUPT : IsNonsense(exception);

    /// <summary>Whether it may come of damage: statements are constants, so that one that has no sense is one whose tables have changed.</summary>
    private static bool IsSuspicious(Exception exception) => IsDamage(exception) || exception is SqliteException { SqliteErrorCode: raw.SQLITE_ERROR };
}
