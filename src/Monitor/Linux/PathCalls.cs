// SPDX-License-Identifier: MIT

using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>The system calls about files by their paths, and what there is to know about a file.</summary>
/// <param name="memory">The program's memory.</param>
/// <param name="files">Its files.</param>
/// <param name="executable">What /proc/self/exe links to.</param>
internal sealed class PathCalls(AddressSpace memory, FileTable files, byte[] executable)
{
    private const int PathMax = 4096;
    private const int MaxRecords = 64 << 10;
    private const int AtFdcwd = -100;
    private const uint AtSymlinkNofollow = 0x100;
    private const uint AtEmptyPath = 0x1000;

    private uint _umask = 0x12;

    /// <summary>open.</summary>
    public Answer Open(CallContext call) => OpenAt(AtFdcwd, call.Ebx, (int)call.Ecx);

    /// <summary>openat.</summary>
    public Answer Openat(CallContext call) => OpenAt((int)call.Ebx, call.Ecx, (int)call.Edx);

    /// <summary>creat.</summary>
    public Answer Creat(CallContext call) => OpenAt(AtFdcwd, call.Ebx, OpenFlags.Create | OpenFlags.WriteOnly | OpenFlags.Truncate);

    /// <summary>chdir, to what is below a granted folder.</summary>
    public Answer Chdir(CallContext call)
    {
        Errno error = memory.ReadString(call.Ebx, PathMax, out byte[] name);
        return error != default ? error : files.ChangeDirectory(name);
    }

    /// <summary>fstat64.</summary>
    public Answer Fstat64(CallContext call) => files[(int)call.Ebx] is GuestFile file ? Stat64(file.Host, call.Ecx) : Errno.EBADF;

    /// <summary>stat64.</summary>
    public Answer Stat64(CallContext call) => AtPath(AtFdcwd, call.Ebx, follow: true, file => Stat64(file, call.Ecx));

    /// <summary>lstat64.</summary>
    public Answer Lstat64(CallContext call) => AtPath(AtFdcwd, call.Ebx, follow: false, file => Stat64(file, call.Ecx));

    /// <summary>fstatat64.</summary>
    public Answer Fstatat64(CallContext call) => At(call.Ebx, call.Ecx, call.Esi, file => Stat64(file, call.Edx));

    /// <summary>statx.</summary>
    public Answer Statx(CallContext call) => At(call.Ebx, call.Ecx, call.Edx, file =>
    {
        int result = file.Stat(out Statx status);
        return result < 0 ? result : Answer.FaultUnless(memory.TryWrite(call.Edi, in status));
    });

    /// <summary>access: what can be opened can be read.</summary>
    public Answer Access(CallContext call) => Access(AtFdcwd, call.Ebx, call.Ecx);

    /// <summary>faccessat and faccessat2.</summary>
    public Answer Faccessat(CallContext call) => Access((int)call.Ebx, call.Ecx, call.Edx);

    /// <summary>readlink.</summary>
    public Answer Readlink(CallContext call) => ReadLink(AtFdcwd, call.Ebx, call.Ecx, (int)call.Edx);

    /// <summary>readlinkat.</summary>
    public Answer Readlinkat(CallContext call) => ReadLink((int)call.Ebx, call.Ecx, call.Edx, (int)call.Esi);

    /// <summary>getdents64.</summary>
    public Answer Getdents64(CallContext call)
    {
        if (files[(int)call.Ebx] is not GuestFile file)
        {
            return Errno.EBADF;
        }

        // A folder that the program was started with, as its standard input, is not.
        if (!file.IsGranted)
        {
            return Errno.ENOTDIR;
        }

        byte[] records = new byte[memory.PrepareWrite(call.Ecx, (int)Math.Min(call.Edx, MaxRecords))];
        if (records.Length == 0 && call.Edx != 0)
        {
            return Errno.EFAULT;
        }

        int result = file.Host.ReadDirectory(records);
        return result < 0 ? result : Answer.FaultUnless(memory.TryWrite(call.Ecx, records.AsSpan(0, result)), (uint)result);
    }

    /// <summary>getcwd.</summary>
    public Answer Getcwd(CallContext call)
    {
        byte[] path = [.. files.WorkingDirectory, 0];
        return path.Length > call.Ecx ? Errno.ERANGE : Answer.FaultUnless(memory.TryWrite(call.Ebx, path), (uint)path.Length);
    }

    /// <summary>umask, which is kept for the program, though it can create nothing.</summary>
    public Answer Umask(CallContext call)
    {
        uint old = _umask;
        _umask = call.Ebx & 0x1ff;
        return old;
    }

    /// <summary>Whatever would change a file: all that there is is read-only.</summary>
    /// <param name="folder">What the path is relative to.</param>
    /// <param name="path">The path of what it is about.</param>
    /// <returns>EROFS, or why it would not come to that.</returns>
    public Answer RefuseChange(uint folder, uint path) => AtPath((int)folder, path, follow: false, _ => Errno.EROFS);

    /// <summary>Whatever would make a file.</summary>
    /// <param name="folder">What the path is relative to.</param>
    /// <param name="path">The path of what it would make.</param>
    /// <returns>EROFS, or EEXIST.</returns>
    public Answer RefuseCreation(uint folder, uint path)
    {
        Errno error = memory.ReadString(path, PathMax, out byte[] name);
        if (error != default)
        {
            return error;
        }

        Answer answer = AtName((int)folder, name, follow: false, _ => Errno.EEXIST);
        return answer == Errno.ENOENT ? Uncreated((int)folder, name) : answer;
    }

    /// <summary>utimensat and utimensat_time64: without a path it is about an open file.</summary>
    public Answer Utimensat(CallContext call) =>
        call.Ecx != 0 ? RefuseChange(call.Ebx, call.Ecx) : files[(int)call.Ebx] is null ? Errno.EBADF : Errno.EROFS;

    private Answer OpenAt(int folder, uint path, int flags)
    {
        Errno error = memory.ReadString(path, PathMax, out byte[] name);
        if (error != default)
        {
            return error;
        }

        error = Resolve(folder, name, flags, out GuestFile? file);
        if (error != default)
        {
            return error == Errno.ENOENT && (flags & OpenFlags.Create) != 0 ? Uncreated(folder, name) : error;
        }

        file!.Flags |= flags & OpenFlags.NonBlock;
        Answer answer = files.Add(file, 0, (flags & OpenFlags.CloseOnExec) != 0);
        if ((int)answer.Eax < 0)
        {
            file.Host.Dispose();
        }

        return answer;
    }

    private Errno Resolve(int folder, byte[] name, int flags, out GuestFile? file)
    {
        file = null;
        GuestFile? start = folder == AtFdcwd ? null : files[folder];
        bool needsFolder = folder != AtFdcwd && (name.Length == 0 || name[0] != '/');
        return needsFolder && start is null ? Errno.EBADF : files.Open(name, start, flags, out file);
    }

    /// <summary>Why a file that is not there is not made: EROFS, if the folder is there that it would be in.</summary>
    private Errno Uncreated(int folder, byte[] name)
    {
        const byte slash = (byte)'/';
        ReadOnlySpan<byte> path = name.AsSpan().TrimEnd(slash);
        int end = path.LastIndexOf(slash);
        byte[] parent = end < 0 ? [.. "."u8] : name[..(end + 1)];
        if (path.IsEmpty)
        {
            return Errno.ENOENT;
        }

        Errno error = Resolve(folder, parent, OpenFlags.Path | OpenFlags.Directory, out GuestFile? found);
        found?.Host.Dispose();
        return error == default ? Errno.EROFS : error;
    }

    /// <summary>Does something with the file of a path.</summary>
    private Answer AtPath(int folder, uint path, bool follow, Func<OpenFile, Answer> action)
    {
        Errno error = memory.ReadString(path, PathMax, out byte[] name);
        return error == default ? AtName(folder, name, follow, action) : error;
    }

    /// <summary>Does something with the file of a name, which is opened for asking only.</summary>
    private Answer AtName(int folder, byte[] name, bool follow, Func<OpenFile, Answer> action)
    {
        Errno error = Resolve(folder, name, OpenFlags.Path | (follow ? 0 : OpenFlags.NoFollow), out GuestFile? file);
        if (error != default)
        {
            return error;
        }

        using OpenFile host = file!.Host;
        return action(host);
    }

    /// <summary>As <see cref="AtPath"/>, or with an open file or the working directory when the path is empty and the flags allow that.</summary>
    private Answer At(uint folder, uint path, uint flags, Func<OpenFile, Answer> action)
    {
        bool isEmpty = (flags & AtEmptyPath) != 0 && memory.TryRead(path, out byte first) && first == 0;
        return !isEmpty ? AtPath((int)folder, path, (flags & AtSymlinkNofollow) == 0, action)
            : (int)folder == AtFdcwd ? AtName(AtFdcwd, [.. "."u8], follow: true, action)
            : files[(int)folder] is GuestFile file ? action(file.Host)
            : Errno.EBADF;
    }

    private Answer Access(int folder, uint path, uint mode)
    {
        const uint write = 2;
        const uint any = 7;
        return (mode & ~any) != 0
            ? Errno.EINVAL
            : AtPath(folder, path, follow: true, file => (mode & write) != 0 && IsOnFileSystem(file) ? Errno.EROFS : file.Access((int)mode));
    }

    /// <summary>Whether a write would reach the file system, and not a device or a pipe.</summary>
    private static bool IsOnFileSystem(OpenFile file) => file.FileType is Native.Linux.Statx.SIfreg or Native.Linux.Statx.SIfdir;

    private Answer ReadLink(int folder, uint path, uint buffer, int size)
    {
        if (size <= 0)
        {
            return Errno.EINVAL;
        }

        Errno error = memory.ReadString(path, PathMax, out byte[] name);
        if (error != default)
        {
            return error;
        }

        if (name.AsSpan().SequenceEqual("/proc/self/exe"u8))
        {
            int length = Math.Min(size, executable.Length);
            return Answer.FaultUnless(memory.TryWrite(buffer, executable.AsSpan(0, length)), (uint)length);
        }

        // Without a name it is of the link that is open.
        return name.Length == 0 && files[folder] is GuestFile link
            ? ReadLink(link.Host, buffer, size, Errno.ENOENT)
            : AtName(folder, name, follow: false, file => ReadLink(file, buffer, size, Errno.EINVAL));
    }

    private Answer ReadLink(OpenFile link, uint buffer, int size, Errno unlessLink)
    {
        byte[] target = new byte[Math.Min(size, PathMax)];
        int length = link.ReadLink(target);
        return length < 0 ? unlessLink : Answer.FaultUnless(memory.TryWrite(buffer, target.AsSpan(0, length)), (uint)length);
    }

    private Answer Stat64(OpenFile file, uint address)
    {
        int result = file.Stat(out Statx status);
        return result < 0 ? result : Answer.FaultUnless(memory.TryWrite(address, Stat64Layout.Of(in status)));
    }
}
