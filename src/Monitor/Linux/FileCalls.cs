// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>The system calls about files: reading, writing, and asking.</summary>
/// <param name="memory">The program's memory.</param>
/// <param name="files">Its files.</param>
/// <param name="signals">Its signals: SIGPIPE.</param>
/// <param name="executable">What /proc/self/exe links to.</param>
internal sealed class FileCalls(AddressSpace memory, FileTable files, SignalState signals, byte[] executable)
{
    private const int MaxTransfer = 0x7ffff000;
    private const int Chunk = 64 << 10;

    // A pipe that can be written takes so much without waiting.
    private const int PipeBuffer = 4096;
    private const int MaxVectors = 1024;
    private const int PathMax = 4096;
    private const int AtFdcwd = -100;
    private const uint AtSymlinkNofollow = 0x100;
    private const uint AtEmptyPath = 0x1000;

    private uint _umask = 0x12;

    /// <summary>read.</summary>
    public Answer Read(CallContext call) => Read(call, call.Ebx, call.Ecx, call.Edx);

    /// <summary>write.</summary>
    public Answer Write(CallContext call) => Write(call, call.Ebx, call.Ecx, call.Edx);

    /// <summary>readv.</summary>
    public Answer Readv(CallContext call) => Vector(call, Read, isRead: true);

    /// <summary>writev.</summary>
    public Answer Writev(CallContext call) => Vector(call, Write, isRead: false);

    /// <summary>pread64.</summary>
    public Answer Pread64(CallContext call)
    {
        if (files[(int)call.Ebx] is not GuestFile file)
        {
            return Errno.EBADF;
        }

        long offset = (long)((ulong)call.Edi << 32 | call.Esi);
        if (offset < 0)
        {
            return Errno.EINVAL;
        }

        int wanted = (int)Math.Min(call.Edx, MaxTransfer);
        int total = 0;
        byte[] buffer = new byte[Math.Min(wanted, Chunk)];
        for (; ; )
        {
            uint address = call.Ecx + (uint)total;
            int room = memory.PrepareWrite(address, Math.Min(wanted - total, Chunk));
            if (room == 0 && wanted > 0)
            {
                return total > 0 ? total : Errno.EFAULT;
            }

            int read = file.Host.ReadAt(buffer.AsSpan(0, room), offset + total);
            if (read < 0)
            {
                return total > 0 ? total : read;
            }

            memory.TryWrite(address, buffer.AsSpan(0, read));
            total += read;
            if (read == 0 || read < room || total == wanted)
            {
                return total;
            }
        }
    }

    /// <summary>_llseek: the new offset is stored.</summary>
    public Answer Llseek(CallContext call)
    {
        if (files[(int)call.Ebx] is not GuestFile file)
        {
            return Errno.EBADF;
        }

        long offset = file.Host.Seek((long)((ulong)call.Ecx << 32 | call.Edx), (int)call.Edi);
        return offset < 0 ? (int)offset : Answer.FaultUnless(memory.TryWrite(call.Esi, offset));
    }

    /// <summary>lseek, of 32 bits.</summary>
    public Answer Lseek(CallContext call)
    {
        if (files[(int)call.Ebx] is not GuestFile file)
        {
            return Errno.EBADF;
        }

        long offset = file.Host.Seek((int)call.Ecx, (int)call.Edx);
        return offset > int.MaxValue ? Errno.EOVERFLOW : (int)offset;
    }

    /// <summary>open.</summary>
    public Answer Open(CallContext call) => OpenAt(AtFdcwd, call.Ebx, (int)call.Ecx);

    /// <summary>openat.</summary>
    public Answer Openat(CallContext call) => OpenAt((int)call.Ebx, call.Ecx, (int)call.Edx);

    /// <summary>close.</summary>
    public Answer Close(CallContext call) => files.Close((int)call.Ebx);

    /// <summary>pipe.</summary>
    public Answer Pipe(CallContext call) => Pipe(call.Ebx, 0);

    /// <summary>pipe2.</summary>
    public Answer Pipe2(CallContext call) => Pipe(call.Ebx, (int)call.Ecx);

    /// <summary>chdir, to what is below a granted folder.</summary>
    public Answer Chdir(CallContext call)
    {
        Errno error = memory.ReadString(call.Ebx, PathMax, out byte[] name);
        return error != default ? error : files.ChangeDirectory(name);
    }

    /// <summary>dup.</summary>
    public Answer Dup(CallContext call) => files[(int)call.Ebx] is GuestFile file ? files.Add(file, 0, closeOnExec: false) : Errno.EBADF;

    /// <summary>dup2.</summary>
    public Answer Dup2(CallContext call) => Dup(call, closeOnExec: false);

    /// <summary>dup3: as dup2, but two descriptors that are the same are an error.</summary>
    public Answer Dup3(CallContext call) =>
        (call.Edx & ~(uint)OpenFlags.CloseOnExec) != 0 || call.Ebx == call.Ecx ? Errno.EINVAL : Dup(call, closeOnExec: call.Edx != 0);

    /// <summary>fcntl and fcntl64.</summary>
    public Answer Fcntl(CallContext call)
    {
        const uint duplicate = 0;
        const uint getFd = 1;
        const uint setFd = 2;
        const uint getFl = 3;
        const uint setFl = 4;
        const uint duplicateCloseOnExec = 1030;
        int descriptor = (int)call.Ebx;
        if (files[descriptor] is not GuestFile file)
        {
            return Errno.EBADF;
        }

        switch (call.Ecx)
        {
            case duplicate or duplicateCloseOnExec:
                return call.Edx < FileTable.Limit ? files.Add(file, (int)call.Edx, call.Ecx == duplicateCloseOnExec) : Errno.EINVAL;
            case getFd:
                return files.IsCloseOnExec(descriptor) ? 1 : 0;
            case setFd:
                files.SetCloseOnExec(descriptor, (call.Edx & 1) != 0);
                return 0;
            case getFl:
                return file.Flags;
            case setFl:
                const int changeable = OpenFlags.NonBlock | OpenFlags.Append;
                file.Flags = (file.Flags & ~changeable) | ((int)call.Edx & changeable);
                return 0;
            default:
                return Errno.EINVAL;
        }
    }

    /// <summary>ioctl, of those about terminals whose structures are the same for a program of 32 bits.</summary>
    public Answer Ioctl(CallContext call)
    {
        const int termiosSize = 36;
        const int winsizeSize = 8;
        if (files[(int)call.Ebx] is not GuestFile file)
        {
            return Errno.EBADF;
        }

        (int size, bool writes) = call.Ecx switch
        {
            0x5401 => (termiosSize, true), // TCGETS
            0x5402 or 0x5403 or 0x5404 => (termiosSize, false), // TCSETS, TCSETSW, TCSETSF
            0x540f => (sizeof(int), true), // TIOCGPGRP
            0x5413 => (winsizeSize, true), // TIOCGWINSZ
            0x541b => (sizeof(int), true), // FIONREAD
            _ => (0, false),
        };
        if (size == 0)
        {
            return Errno.ENOTTY;
        }

        Span<byte> argument = stackalloc byte[termiosSize];
        argument = argument[..size];
        if (!writes && !memory.TryRead(call.Edx, argument))
        {
            return Errno.EFAULT;
        }

        int result = file.Host.Ioctl(call.Ecx, argument);
        return result < 0 || !writes ? result : Answer.FaultUnless(memory.TryWrite(call.Edx, argument), (uint)result);
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

        byte[] records = new byte[memory.PrepareWrite(call.Ecx, (int)Math.Min(call.Edx, Chunk))];
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

    /// <summary>Whatever would change a file system: all that there is is read-only.</summary>
    /// <param name="path">The path that it is about.</param>
    public Answer RefuseChange(uint path)
    {
        Errno error = memory.ReadString(path, PathMax, out _);
        return error != default ? error : Errno.EROFS;
    }

    /// <summary>sendfile and sendfile64: from a regular file to any.</summary>
    /// <param name="call">The call.</param>
    /// <param name="wide">Whether the offset has 64 bits.</param>
    public Answer Sendfile(CallContext call, bool wide)
    {
        if (files[(int)call.Ebx] is not GuestFile { CanWrite: true } output || files[(int)call.Ecx] is not GuestFile { CanRead: true } input)
        {
            return Errno.EBADF;
        }

        if (!input.IsRegular || (output.Flags & OpenFlags.Append) != 0)
        {
            return Errno.EINVAL;
        }

        long offset = 0;
        if (call.Edx != 0 && !(wide ? memory.TryRead(call.Edx, out offset) : ReadNarrow(call.Edx, out offset)))
        {
            return Errno.EFAULT;
        }

        byte[] buffer = new byte[Math.Min(call.Esi, output.IsRegular ? Chunk : PipeBuffer)];
        uint total = 0;
        while (total < call.Esi && total < MaxTransfer)
        {
            Span<byte> part = buffer.AsSpan(0, (int)Math.Min((uint)buffer.Length, call.Esi - total));
            if (Refusal(call, output, PollEvents.Out) is Answer refusal)
            {
                return total > 0 ? total : refusal;
            }

            int read = call.Edx != 0 ? input.Host.ReadAt(part, offset) : input.Host.Read(part);
            int written = read > 0 ? output.Host.Write(part[..read]) : read;
            if (written <= 0)
            {
                return total > 0 || written == 0 ? StoreOffset(call, wide, offset, total) : written;
            }

            total += (uint)written;
            offset += written;
        }

        return StoreOffset(call, wide, offset, total);
    }

    /// <summary>poll.</summary>
    public Answer Poll(CallContext call)
    {
        int milliseconds = (int)call.Edx;
        return Poll(call, milliseconds < 0 ? null : TimeSpan.FromMilliseconds(milliseconds));
    }

    /// <summary>ppoll and ppoll_time64. The mask is not taken: what interrupts the wait is what interrupts the program.</summary>
    /// <param name="call">The call.</param>
    /// <param name="wide">Whether the time has 64 bits.</param>
    public Answer Ppoll(CallContext call, bool wide)
    {
        if (call.Edx == 0)
        {
            return Poll(call, null);
        }

        Errno error = GuestTime.Read(memory, call.Edx, wide, out TimeSpan time);
        return error == default ? Poll(call, time) : error;
    }

    private bool ReadNarrow(uint address, out long offset)
    {
        bool done = memory.TryRead(address, out int narrow);
        offset = narrow;
        return done;
    }

    private Answer StoreOffset(CallContext call, bool wide, long offset, uint total) =>
        call.Edx == 0 ? total : Answer.FaultUnless(wide ? memory.TryWrite(call.Edx, offset) : memory.TryWrite(call.Edx, (int)offset), total);

    private static short TypeOf(PollEvents events) => (short)events;

    private Answer Poll(CallContext call, TimeSpan? time)
    {
        const int entrySize = 8;
        if (call.Ecx > FileTable.Limit)
        {
            return Errno.EINVAL;
        }

        byte[] entries = new byte[call.Ecx * entrySize];
        if (!memory.TryRead(call.Ebx, entries))
        {
            return Errno.EFAULT;
        }

        PolledFile[] polled = new PolledFile[call.Ecx];
        bool isReady = false;
        for (int i = 0; i < polled.Length; i++)
        {
            Span<byte> entry = entries.AsSpan(i * entrySize, entrySize);
            int descriptor = BinaryPrimitives.ReadInt32LittleEndian(entry);
            GuestFile? file = files[descriptor];
            polled[i] = new(file?.Host, (PollEvents)BinaryPrimitives.ReadInt16LittleEndian(entry[4..]));
            isReady |= descriptor >= 0 && file is null;
        }

        if (!call.Wait(polled, isReady ? TimeSpan.Zero : time))
        {
            return Errno.EINTR;
        }

        int ready = 0;
        for (int i = 0; i < polled.Length; i++)
        {
            Span<byte> entry = entries.AsSpan(i * entrySize, entrySize);
            bool invalid = polled[i].File is null && BinaryPrimitives.ReadInt32LittleEndian(entry) >= 0;
            PollEvents events = invalid ? PollEvents.Nval : polled[i].Ready;
            BinaryPrimitives.WriteInt16LittleEndian(entry[6..], TypeOf(events));
            ready += events != PollEvents.None ? 1 : 0;
        }

        return Answer.FaultUnless(memory.TryWrite(call.Ebx, entries), (uint)ready);
    }

    private Answer Read(CallContext call, uint descriptor, uint address, uint count)
    {
        if (files[(int)descriptor] is not GuestFile { CanRead: true } file)
        {
            return Errno.EBADF;
        }

        if (!AddressSpace.IsUserRange(address, count))
        {
            return Errno.EFAULT;
        }

        int wanted = (int)Math.Min(count, MaxTransfer);
        int total = 0;
        byte[] buffer = new byte[Math.Min(wanted, Chunk)];
        for (; ; )
        {
            int room = memory.PrepareWrite(address, Math.Min(wanted - total, Chunk));
            if (wanted > 0 && Refusal(call, file, PollEvents.In) is Answer refusal)
            {
                return refusal;
            }

            // The host's kernel knows what a bad address is answered: at the end of a file nothing is wrong with it.
            int read = room == 0 && wanted > 0 ? file.Host.ReadToNowhere(wanted) : file.Host.Read(buffer.AsSpan(0, room));
            if (read == -(int)Errno.EAGAIN && !file.IsNonBlocking)
            {
                // Somebody else has read it first.
                continue;
            }

            if (read < 0)
            {
                return total > 0 ? total : read;
            }

            memory.TryWrite(address, buffer.AsSpan(0, read));
            total += read;
            address += (uint)read;
            if (read == 0 || read < room || total == wanted || !file.IsRegular)
            {
                return total;
            }
        }
    }

    private Answer Write(CallContext call, uint descriptor, uint address, uint count)
    {
        if (files[(int)descriptor] is not GuestFile { CanWrite: true } file)
        {
            return Errno.EBADF;
        }

        if (!AddressSpace.IsUserRange(address, count))
        {
            return Errno.EFAULT;
        }

        int wanted = (int)Math.Min(count, MaxTransfer);
        int chunk = file.IsRegular ? Chunk : PipeBuffer;
        byte[] buffer = new byte[Math.Min(wanted, chunk)];
        int total = 0;
        do
        {
            int length = memory.ReadSome(address, buffer.AsSpan(0, Math.Min(wanted - total, chunk)));
            if (wanted > 0 && Refusal(call, file, PollEvents.Out) is Answer refusal)
            {
                return total > 0 ? total : refusal;
            }

            int written = length == 0 && wanted > 0 ? file.Host.WriteFromNowhere(wanted - total) : file.Host.Write(buffer.AsSpan(0, length));
            if (written < 0)
            {
                if (written == -(int)Errno.EPIPE)
                {
                    signals.Post(SignalInfo.FromKernel(Signals.Pipe));
                }

                return total > 0 ? total : written;
            }

            total += written;
            address += (uint)written;
        }
        while (total < wanted);
        return total;
    }

    /// <summary>
    /// Waits for a file that may keep its caller waiting. O_NONBLOCK is the program's own, the host's file may be one that blocks: it is never
    /// asked before it is ready, for a thread that waits in the host's kernel cannot be stopped.
    /// </summary>
    /// <returns>What the program is told when the file is not ready; null when it is.</returns>
    private static Answer? Refusal(CallContext call, GuestFile file, PollEvents events)
    {
        if (file.IsRegular)
        {
            return null;
        }

        Span<PolledFile> files = [new(file.Host, events)];
        return !call.Wait(files, file.IsNonBlocking ? TimeSpan.Zero : null) ? Answer.Restart
            : files[0].Ready == PollEvents.None ? Errno.EAGAIN
            : null;
    }

    private Answer Vector(CallContext call, Func<CallContext, uint, uint, uint, Answer> transfer, bool isRead)
    {
        if (call.Edx > MaxVectors)
        {
            return Errno.EINVAL;
        }

        uint[] vectors = new uint[call.Edx * 2];
        if (files[(int)call.Ebx] is not GuestFile file)
        {
            return Errno.EBADF;
        }

        if (!memory.TryRead(call.Ecx, MemoryMarshal.AsBytes(vectors.AsSpan())))
        {
            return Errno.EFAULT;
        }

        for (int i = 0; i < vectors.Length; i += 2)
        {
            if (vectors[i + 1] > int.MaxValue)
            {
                return Errno.EINVAL;
            }
        }

        int total = 0;
        for (int i = 0; i < vectors.Length; i += 2)
        {
            uint length = Math.Min(vectors[i + 1], (uint)(MaxTransfer - total));
            if (length == 0)
            {
                continue;
            }

            // What has something is not waited for to have more.
            Span<PolledFile> polled = [new(file.Host, PollEvents.In)];
            if (isRead && total > 0 && !file.IsRegular && !(call.Wait(polled, TimeSpan.Zero) && polled[0].Ready != PollEvents.None))
            {
                break;
            }

            int done = (int)transfer(call, call.Ebx, vectors[i], length).Eax;
            if (done < 0)
            {
                return total > 0 ? total : done;
            }

            total += done;
            if ((uint)done < length)
            {
                break;
            }
        }

        return total;
    }

    private Answer Dup(CallContext call, bool closeOnExec)
    {
        if (files[(int)call.Ebx] is not GuestFile file || call.Ecx >= FileTable.Limit)
        {
            return Errno.EBADF;
        }

        if (call.Ebx != call.Ecx)
        {
            files.Set((int)call.Ecx, file, closeOnExec);
        }

        return call.Ecx;
    }

    private Answer Pipe(uint address, int flags)
    {
        if ((flags & ~(OpenFlags.CloseOnExec | OpenFlags.NonBlock)) != 0)
        {
            return Errno.EINVAL;
        }

        int error = OpenFile.Pipe(out OpenFile? input, out OpenFile? output);
        if (error != 0)
        {
            return error;
        }

        bool closeOnExec = (flags & OpenFlags.CloseOnExec) != 0;
        GuestFile[] ends = [new(input!), new(output!)];
        int[] descriptors = new int[ends.Length];
        for (int i = 0; i < ends.Length; i++)
        {
            ends[i].Flags |= flags & OpenFlags.NonBlock;
            descriptors[i] = (int)files.Add(ends[i], 0, closeOnExec).Eax;
            if (descriptors[i] < 0)
            {
                ends[i].Host.Dispose();
            }
        }

        if (descriptors[1] >= 0 && memory.TryWrite(address, MemoryMarshal.AsBytes(descriptors.AsSpan())))
        {
            return 0;
        }

        Array.ForEach(descriptors, descriptor => files.Close(descriptor));
        return descriptors[1] < 0 ? Errno.EMFILE : Errno.EFAULT;
    }

    private Answer OpenAt(int folder, uint path, int flags)
    {
        Errno error = memory.ReadString(path, PathMax, out byte[] name);
        if (error != default)
        {
            return error;
        }

        error = Resolve(folder, name, flags, out OpenFile? file, out byte[] absolute);
        if (error != default)
        {
            return error;
        }

        GuestFile opened = new(file!, absolute);
        opened.Flags = (opened.Flags & ~OpenFlags.NonBlock) | (flags & OpenFlags.NonBlock);
        Answer answer = files.Add(opened, 0, (flags & OpenFlags.CloseOnExec) != 0);
        if ((int)answer.Eax < 0)
        {
            file!.Dispose();
        }

        return answer;
    }

    private Errno Resolve(int folder, byte[] name, int flags, out OpenFile? file, out byte[] absolute)
    {
        (file, absolute) = (null, []);
        GuestFile? start = folder == AtFdcwd ? null : files[folder];
        bool needsFolder = folder != AtFdcwd && (name.Length == 0 || name[0] != '/');
        return needsFolder && start is null ? Errno.EBADF : files.Open(name, start, flags, out file, out absolute);
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
        Errno error = Resolve(folder, name, OpenFlags.Path | (follow ? 0 : OpenFlags.NoFollow), out OpenFile? file, out _);
        if (error != default)
        {
            return error;
        }

        using (file)
        {
            return action(file!);
        }
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
        return AtPath(folder, path, follow: true, _ => (mode & write) != 0 ? Errno.EROFS : 0);
    }

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

        return AtName(folder, name, follow: false, file =>
        {
            byte[] target = new byte[Math.Min(size, PathMax)];
            int length = file.ReadLink(target);

            // Linux says EINVAL of what is no link; of one that was opened by number it says ENOENT.
            return length < 0 ? Errno.EINVAL : Answer.FaultUnless(memory.TryWrite(buffer, target.AsSpan(0, length)), (uint)length);
        });
    }

    private Answer Stat64(OpenFile file, uint address)
    {
        int result = file.Stat(out Statx status);
        return result < 0 ? result : Answer.FaultUnless(memory.TryWrite(address, Stat64Layout.Of(in status)));
    }
}
