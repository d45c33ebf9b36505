// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Sql;
using Kvmsys.Native;
using Kvmsys.Native.Linux;
using Microsoft.Data.Sqlite;
using Microsoft.Win32.SafeHandles;

namespace Kvmsys.Monitor.Daemon.Store;

/// <summary>A copy of the daemon's database, whole, whether a daemon uses it or none does: a reader beside it that changes nothing.</summary>
internal static class StoreBackup
{
    /// <summary>Writes a copy. It is at its place when all of it is on the disk, and not before.</summary>
    /// <param name="folder">The folder of the database.</param>
    /// <param name="path">A file that is not there yet; its owner alone may read it.</param>
    /// <returns>Bytes of the copy.</returns>
    /// <exception cref="StoreException">There is no database of a daemon's, or it cannot be read, or the copy cannot be written.</exception>
    public static long Write(string folder, string path)
    {
        if (path.Length == 0)
        {
            throw new StoreException("the copy has no name", "name a file that is not there yet");
        }

        SqliteLibrary.Load();
        string database = Path.Combine(folder, SqliteStoreDatabase.FileName);
        string copy = Path.GetFullPath(path);
        if (!File.Exists(database))
        {
            throw new StoreException($"there is no database {database}", "name the folder of the daemon's with --state, as a user who may see into it");
        }

        if (Path.Exists(copy))
        {
            throw AlreadyThere(path);
        }

        string draft = $"{copy}.{Path.GetRandomFileName()}";
        try
        {
            using SqliteConnection connection = SqliteStoreDatabase.Connect(database, SqliteOpenMode.ReadOnly);
            if (!StoreSchema.IsDaemons(connection))
            {
                throw new StoreException($"{database} is a database, but not of kvmsys daemon", "name another folder with --state");
            }

            return Write(connection, draft, copy);
        }
        catch (SqliteException exception) when (SqliteStoreDatabase.IsFull(exception))
        {
            throw new StoreException($"there is no room for a copy as {path}", "make room on its disk, or name a file on another one");
        }
        catch (SqliteException exception)
        {
            throw new StoreException($"the database {database} cannot be copied: {exception.Message.TrimEnd('.')}", "be the daemon's user or root; start the daemon, which sets a damaged one aside");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or KvmException)
        {
            throw Path.Exists(copy) ? AlreadyThere(path)
                : new StoreException($"{path} cannot be written: {exception.Message.TrimEnd('.')}", "name a file in a folder that you may write to, on a disk with room");
        }
        finally
        {
            Remove(draft);
        }
    }

    private static long Write(SqliteConnection connection, string draft, string copy)
    {
        // SQLite takes an empty file for one that is not there, and leaves its mode as it is.
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        new FileStream(draft, options).Dispose();
        connection.Execute("VACUUM INTO $path", ("$path", draft));
        long length;
        using (FileStream written = new(draft, FileMode.Open, FileAccess.ReadWrite))
        {
            length = written.Length;
            written.Flush(flushToDisk: true);
        }

        File.Move(draft, copy, overwrite: false);

        // Its name is on the disk with the folder.
        using OpenFile folder = OpenFile.ForReading(Path.GetDirectoryName(copy)!);
        using SafeFileHandle handle = new(folder.Descriptor, ownsHandle: false);
        RandomAccess.FlushToDisk(handle);
        return length;
    }

    private static StoreException AlreadyThere(string path) => new($"{path} is there already", "name a file that is not");

    private static void Remove(string draft)
    {
        // Without its folder, there is none; asked to remove it, File.Delete would complain of that instead of what was wrong.
        foreach (string file in ((string[])[draft, draft + "-journal"]).Where(File.Exists))
        {
            File.Delete(file);
        }
    }
}
