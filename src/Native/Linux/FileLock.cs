// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Kvmsys.Native.Linux;

/// <summary>An exclusive lock on a file or folder, which ends with the process that holds it, however that ends: flock(2).</summary>
public sealed class FileLock : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly OpenFile _file;

    private FileLock(OpenFile file) => _file = file;

    /// <summary>Takes the lock, if nobody has it.</summary>
    /// <param name="path">A file or folder that may be read.</param>
    /// <returns>The lock; null when another open file has it, of this process or another.</returns>
    /// <exception cref="KvmException">There is no such file, or its file system has no such locks (ENOENT, EACCES, ENOLCK, EBADF...).</exception>
    public static FileLock? TryTake(string path)
    {
        OpenFile file = OpenFile.ForReading(path);
        if (Libc.Flock(file, Libc.LockEx | Libc.LockNb) == 0)
        {
            return new(file);
        }

        Errno error = Libc.LastErrno;
        file.Dispose();
        return error is Errno.EAGAIN ? null : throw new KvmException("flock", error, path);
    }

    /// <summary>Takes the lock, as soon as it is free.</summary>
    /// <param name="path">A file or folder that may be read.</param>
    /// <param name="onWait">Called once if it is not, with the process that has it, where that is known.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="KvmException">There is no such file, or its file system has no such locks.</exception>
    public static FileLock Take(string path, Action<int?> onWait, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(onWait);
        for (bool waits = false; ; waits = true)
        {
            if (TryTake(path) is FileLock taken)
            {
                return taken;
            }

            if (!waits)
            {
                onWait(HolderOf(path));
            }

            if (cancellation.WaitHandle.WaitOne(Pause))
            {
                throw new OperationCanceledException(cancellation);
            }
        }
    }

    /// <summary>Who holds such a lock on a file; null when nobody does, or the kernel does not tell this process.</summary>
    /// <remarks>/proc/locks, proc_locks(5): number, class, "ADVISORY", "WRITE", process, device:inode, range.</remarks>
    /// <param name="path">The file or folder.</param>
    /// <exception cref="KvmException">There is no such file.</exception>
    public static int? HolderOf(string path)
    {
        using OpenFile file = OpenFile.ForReading(path);
        int error = -file.Stat(out Statx status);
        if (error != 0)
        {
            throw new KvmException("statx", (Errno)error, path);
        }

        string place = string.Create(CultureInfo.InvariantCulture, $"{status.StxDevMajor:x2}:{status.StxDevMinor:x2}:{status.StxIno}");
        foreach (string line in File.ReadLines("/proc/locks"))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words is [_, "FLOCK", _, "WRITE", string process, string where, ..] && where == place
                && int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out int id) && id > 0)
            {
                return id;
            }
        }

        return null;
    }

    /// <summary>Gives the lock back.</summary>
    public void Dispose() => _file.Dispose();
}
