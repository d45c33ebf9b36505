// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
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
    private readonly List<GrantedFolder> _granted = [];

    // Those that the program was started with; what it has is opened anew from them.
    private readonly IReadOnlyList<OpenFile> _standard;

    /// <summary>The table of a program that starts.</summary>
    /// <param name="workingDirectory">Absolute path against which its relative paths are taken.</param>
    /// <param name="readOnly">Folders below which it may read.</param>
    /// <param name="standard">Its first descriptors, which it may write if they can be written.</param>
    /// <exception cref="Native.KvmException">One of them is no folder that can be opened.</exception>
    public FileTable(string workingDirectory, IEnumerable<string> readOnly, IReadOnlyList<OpenFile> standard)
    {
        WorkingDirectory = Encoding.UTF8.GetBytes(workingDirectory);
        _standard = standard;
        for (int descriptor = 0; descriptor < standard.Count; descriptor++)
        {
            OpenFile host = standard[descriptor];
            Set(descriptor, new GuestFile(host.WithoutWaiting()) { Flags = Math.Max(host.StatusFlags, 0) }, closeOnExec: false);
        }

        foreach (string folder in readOnly)
        {
            string path = Path.GetFullPath(folder, workingDirectory).TrimEnd('/');
            _granted.Add(new(Encoding.UTF8.GetBytes(path), OpenFile.Directory(path.Length == 0 ? "/" : path)));
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
    /// <param name="file">The file, which the caller closes.</param>
    /// <returns>ENOENT for whatever is not below a granted folder, EROFS for writing.</returns>
    public Errno Open(ReadOnlySpan<byte> path, GuestFile? folder, int flags, out GuestFile? file)
    {
        file = null;
        if (path.IsEmpty)
        {
            return Errno.ENOENT;
        }

        if ((flags & OpenFlags.Path) != 0)
        {
            flags &= OpenFlags.Path | OpenFlags.Directory | OpenFlags.NoFollow | OpenFlags.CloseOnExec;
        }

        // Nothing of the host's comes out of it, and nothing gets in.
        if (path.SequenceEqual("/dev/null"u8))
        {
            return OpenNull(flags, out file);
        }

        byte[]? start = path[0] == '/' ? [] : folder is null ? WorkingDirectory : folder.Path;
        if (start is null)
        {
            return folder!.IsGranted ? Errno.ENAMETOOLONG : Errno.ENOTDIR;
        }

        // Opening a named pipe would wait for its other end in the host's kernel, where no thread can be stopped; so does only reading it.
        int hostFlags = flags & (OpenFlags.Directory | OpenFlags.NoFollow | OpenFlags.Path);
        hostFlags |= (flags & OpenFlags.Path) != 0 ? 0 : OpenFlags.NonBlock;
        foreach ((GrantedFolder grant, byte[] way) in WaysTo([.. start, (byte)'/', .. path]))
        {
            int error = grant.Folder.OpenBeneath(way.Length == 0 ? "."u8 : way, hostFlags, out OpenFile? host);

            // A way out of the folder is a way to nothing, but may lead to another folder.
            if (error != -(int)Errno.EXDEV)
            {
                return Opened((Errno)(-error), host, grant, flags, out file);
            }
        }

        return Errno.ENOENT;
    }

    /// <summary>Changes the working directory.</summary>
    /// <returns>ENOENT or ENOTDIR.</returns>
    public Errno ChangeDirectory(ReadOnlySpan<byte> path)
    {
        Errno error = Open(path, null, OpenFlags.Path | OpenFlags.Directory, out GuestFile? folder);
        if (error != default)
        {
            return error;
        }

        using OpenFile host = folder!.Host;
        const int execute = 1;
        int refused = host.Access(execute);
        if (refused != 0)
        {
            return (Errno)(-refused);
        }

        if (folder.Path is not byte[] name)
        {
            return Errno.ENAMETOOLONG;
        }

        WorkingDirectory = name;
        return default;
    }

    /// <summary>Whether a descriptor's file can be mapped.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="sharedWrite">Whether writes are to reach the file.</param>
    /// <param name="file">The file.</param>
    public Errno CheckMapping(int descriptor, bool sharedWrite, out GuestFile? file)
    {
        file = this[descriptor];
        return file is null || (file.Flags & OpenFlags.Path) != 0 ? Errno.EBADF
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

        foreach (OpenFile file in _standard.Concat(_granted.Select(grant => grant.Folder)))
        {
            file.Dispose();
        }
    }

    private static Errno OpenNull(int flags, out GuestFile? file)
    {
        file = null;
        if ((flags & OpenFlags.Directory) != 0)
        {
            return Errno.ENOTDIR;
        }

        int error = OpenFile.Null(flags & OpenFlags.AccessMode, out OpenFile? host);
        file = host is null ? null : new GuestFile(host);
        return (Errno)(-error);
    }

    /// <summary>What the program is told of a file that was to be opened, on a file system that cannot be written.</summary>
    private static Errno Opened(Errno error, OpenFile? host, GrantedFolder grant, int flags, out GuestFile? file)
    {
        file = null;
        if (host is null)
        {
            return error;
        }

        bool creates = (flags & OpenFlags.Create) != 0;
        bool writes = (flags & OpenFlags.AccessMode) != OpenFlags.ReadOnly || (flags & OpenFlags.Truncate) != 0;
        bool isFolder = host.FileType == Statx.SIfdir;
        error = creates && (flags & OpenFlags.Exclusive) != 0 ? Errno.EEXIST
            : isFolder && (creates || writes) ? Errno.EISDIR
            : writes ? Errno.EROFS
            : default;
        if (error != default)
        {
            host.Dispose();
            return error;
        }

        file = new GuestFile(host, grant);
        return default;
    }

    /// <summary>
    /// The ways to a path by a granted folder: what is left of the path wherever it stands at one, read from left to right. What it names
    /// outside of such folders the program cannot know; there, ".." is one name less. Below one it is where the folder itself lies.
    /// </summary>
    private IEnumerable<(GrantedFolder Grant, byte[] Path)> WaysTo(byte[] path)
    {
        const byte slash = (byte)'/';
        List<byte> place = [];
        for (int next = 0; ;)
        {
            while (next < path.Length && path[next] == slash)
            {
                next++;
            }

            foreach (GrantedFolder grant in _granted)
            {
                if (grant.Path.AsSpan().SequenceEqual(CollectionsMarshal.AsSpan(place)))
                {
                    yield return (grant, path[next..]);
                }
            }

            if (next == path.Length)
            {
                yield break;
            }

            int end = Array.IndexOf(path, slash, next);
            byte[] name = path[next..(end < 0 ? path.Length : end)];
            next += name.Length;
            if (name.AsSpan().SequenceEqual(".."u8))
            {
                if (_granted.Find(grant => CollectionsMarshal.AsSpan(place).StartsWith([.. grant.Path, slash])) is GrantedFolder above)
                {
                    byte[] below = [.. place[(above.Path.Length + 1)..]];
                    if (above.Folder.OpenBeneath(below, OpenFlags.Path | OpenFlags.Directory, out OpenFile? folder) != 0)
                    {
                        yield break;
                    }

                    using (folder)
                    {
                        place = [.. above.PathOf(folder!) ?? []];
                    }
                }

                place.RemoveRange(Math.Max(place.LastIndexOf(slash), 0), place.Count - Math.Max(place.LastIndexOf(slash), 0));
            }
            else if (!name.AsSpan().SequenceEqual("."u8))
            {
                place.Add(slash);
                place.AddRange(name);
            }
        }
    }
}
