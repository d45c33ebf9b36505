// SPDX-License-Identifier: MIT

using System.Text;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>
/// The program's file descriptors: the three that it is started with, and what it opens below the folders that it is granted for reading. No
/// other file of the host exists for it.
/// </summary>
internal sealed class FileTable : IDisposable
{
    /// <summary>RLIMIT_NOFILE: descriptors that it may have.</summary>
    public const int Limit = 1024;

    private readonly SortedDictionary<int, (GuestFile File, bool CloseOnExec)> _descriptors = [];
    private readonly List<(byte[] Path, OpenFile Folder)> _granted = [];

    /// <summary>The table of a program that starts.</summary>
    /// <param name="workingDirectory">Absolute path against which its relative paths are taken.</param>
    /// <param name="readOnly">Folders below which it may read.</param>
    /// <param name="standard">Its first descriptors, which it may write if they can be written.</param>
    /// <exception cref="Native.KvmException">One of them is no folder that can be opened.</exception>
    public FileTable(string workingDirectory, IEnumerable<string> readOnly, IReadOnlyList<OpenFile> standard)
    {
        WorkingDirectory = Encoding.UTF8.GetBytes(workingDirectory);
        for (int descriptor = 0; descriptor < standard.Count; descriptor++)
        {
            Set(descriptor, new GuestFile(standard[descriptor]), closeOnExec: false);
        }

        foreach (string folder in readOnly)
        {
            string path = Path.GetFullPath(folder, workingDirectory).TrimEnd('/');
            _granted.Add((Encoding.UTF8.GetBytes(path), OpenFile.Directory(path.Length == 0 ? "/" : path)));
        }
    }

    /// <summary>Absolute path of the working directory.</summary>
    public byte[] WorkingDirectory { get; private set; }

    /// <summary>The file of a descriptor; null when it is not open.</summary>
    public GuestFile? this[int descriptor] => _descriptors.TryGetValue(descriptor, out (GuestFile File, bool) entry) ? entry.File : null;

    /// <summary>FD_CLOEXEC.</summary>
    public bool IsCloseOnExec(int descriptor) => _descriptors[descriptor].CloseOnExec;

    /// <summary>Sets FD_CLOEXEC, which has no effect: nothing is executed.</summary>
    public void SetCloseOnExec(int descriptor, bool value) => _descriptors[descriptor] = (_descriptors[descriptor].File, value);

    /// <summary>Gives a file the lowest free descriptor.</summary>
    /// <param name="file">The file.</param>
    /// <param name="lowest">Where to begin.</param>
    /// <param name="closeOnExec">FD_CLOEXEC.</param>
    /// <returns>The descriptor; EMFILE when there are too many.</returns>
    public Answer Add(GuestFile file, int lowest, bool closeOnExec)
    {
        int descriptor = lowest;
        while (_descriptors.ContainsKey(descriptor))
        {
            descriptor++;
        }

        if (descriptor >= Limit)
        {
            return Errno.EMFILE;
        }

        Set(descriptor, file, closeOnExec);
        return descriptor;
    }

    /// <summary>Puts a file at a descriptor; what was there is closed.</summary>
    public void Set(int descriptor, GuestFile file, bool closeOnExec)
    {
        file.References++;
        Close(descriptor);
        _descriptors[descriptor] = (file, closeOnExec);
    }

    /// <summary>Closes a descriptor.</summary>
    /// <returns>EBADF when it is not open.</returns>
    public Errno Close(int descriptor)
    {
        if (!_descriptors.Remove(descriptor, out (GuestFile File, bool) entry))
        {
            return Errno.EBADF;
        }

        if (--entry.File.References == 0)
        {
            entry.File.Host.Dispose();
        }

        return default;
    }

    /// <summary>Opens a path of the program's for reading.</summary>
    /// <param name="path">As the program gave it.</param>
    /// <param name="folder">What it is relative to; null for the working directory.</param>
    /// <param name="flags">O_ flags.</param>
    /// <param name="file">The host's file, which the caller closes.</param>
    /// <param name="absolute">The path by which it was found.</param>
    /// <returns>ENOENT for whatever is not below a granted folder, EROFS for writing.</returns>
    public Errno Open(ReadOnlySpan<byte> path, GuestFile? folder, int flags, out OpenFile? file, out byte[] absolute)
    {
        file = null;
        absolute = [];
        if (path.IsEmpty)
        {
            return Errno.ENOENT;
        }

        // Nothing of the host's comes out of it, and nothing gets in.
        if (path.SequenceEqual("/dev/null"u8))
        {
            return (flags & OpenFlags.Directory) != 0 ? Errno.ENOTDIR : (Errno)(-OpenFile.Null(flags & OpenFlags.AccessMode, out file));
        }

        bool writes = (flags & OpenFlags.AccessMode) != 0 || (flags & (OpenFlags.Create | OpenFlags.Truncate)) != 0;

        // Opening a named pipe would wait for its other end in the host's kernel, where no thread can be stopped; so does only reading it.
        int hostFlags = flags & (OpenFlags.Directory | OpenFlags.NoFollow | OpenFlags.Path);
        hostFlags |= (flags & OpenFlags.Path) != 0 ? 0 : OpenFlags.NonBlock;
        if (path[0] != '/' && folder is { Path: null })
        {
            return Errno.ENOTDIR;
        }

        // From the granted folder on, whatever it is relative to: a ".." may lead out of an open folder, but not of that.
        absolute = path[0] == '/' ? path.ToArray() : [.. folder?.Path ?? WorkingDirectory, (byte)'/', .. path];
        if (Granted(absolute, out ReadOnlySpan<byte> rest) is not OpenFile granted)
        {
            return Errno.ENOENT;
        }

        int error = granted.OpenBeneath(rest.IsEmpty ? "."u8 : rest, hostFlags, out file);

        // A way out of the folder is a way to nothing.
        if (error == -(int)Errno.EXDEV)
        {
            return Errno.ENOENT;
        }

        if (error == 0 && writes)
        {
            file!.Dispose();
            file = null;
            return Errno.EROFS;
        }

        return (Errno)(-error);
    }

    /// <summary>Changes the working directory.</summary>
    /// <returns>ENOENT or ENOTDIR.</returns>
    public Errno ChangeDirectory(byte[] path)
    {
        Errno error = Open(path, null, OpenFlags.Path | OpenFlags.Directory, out OpenFile? folder, out _);
        if (error != default)
        {
            return error;
        }

        folder!.Dispose();
        string given = Encoding.UTF8.GetString(path);
        WorkingDirectory = Encoding.UTF8.GetBytes(Path.GetFullPath(given, Encoding.UTF8.GetString(WorkingDirectory)));
        return default;
    }

    /// <summary>Whether a descriptor's file can be mapped.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="sharedWrite">Whether writes are to reach the file.</param>
    /// <param name="file">The file.</param>
    public Errno CheckMapping(int descriptor, bool sharedWrite, out GuestFile? file)
    {
        file = this[descriptor];
        return file is null ? Errno.EBADF
            : !file.IsRegular ? Errno.ENODEV
            : sharedWrite || !file.CanRead ? Errno.EACCES
            : default;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (int descriptor in _descriptors.Keys.ToArray())
        {
            Close(descriptor);
        }

        foreach ((byte[] _, OpenFile folder) in _granted)
        {
            folder.Dispose();
        }
    }

    /// <summary>The granted folder that a path begins with, and what comes behind.</summary>
    private OpenFile? Granted(byte[] absolute, out ReadOnlySpan<byte> rest)
    {
        foreach ((byte[] path, OpenFile folder) in _granted)
        {
            ReadOnlySpan<byte> behind = absolute.AsSpan().StartsWith(path) ? absolute.AsSpan(path.Length) : "x"u8;
            if (behind.IsEmpty || behind[0] == '/')
            {
                rest = behind.TrimStart((byte)'/');
                return folder;
            }
        }

        rest = default;
        return null;
    }
}
