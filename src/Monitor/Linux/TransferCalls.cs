// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Kvmsys.Guest.Kernel;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>The system calls that move bytes between files and the program.</summary>
/// <param name="memory">The program's memory.</param>
/// <param name="files">Its files.</param>
/// <param name="signals">Its signals: SIGPIPE.</param>
/// <param name="task">Who the program is.</param>
internal sealed class TransferCalls(AddressSpace memory, FileTable files, SignalState signals, TaskIdentity task)
{
    private const int MaxTransfer = 0x7ffff000;
    private const int Chunk = 64 << 10;

    // A pipe that can be written takes so much without waiting.
    private const int PipeBuffer = 4096;
    private const int MaxVectors = 1024;
    private const int SeekSet = 0;
    private const int SeekCurrent = 1;

    // Before a file is asked again that was ready and then was not: somebody else was first, or it has no way to tell when it is.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

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
        if (call.Edx == 0)
        {
            offset = input.Host.Seek(0, SeekCurrent);
        }
        else if (!(wide ? memory.TryRead(call.Edx, out offset) : ReadNarrow(call.Edx, out offset)))
        {
            return Errno.EFAULT;
        }

        byte[] buffer = new byte[Math.Min(call.Esi, output.IsRegular ? Chunk : PipeBuffer)];
        uint wanted = Math.Min(call.Esi, MaxTransfer);
        uint total = 0;
        Answer done = 0;
        while (total < wanted)
        {
            int read = input.Host.ReadAt(buffer.AsSpan(0, (int)Math.Min((uint)buffer.Length, wanted - total)), offset);
            done = read > 0 ? Put(call, output, buffer.AsSpan(0, read), read) : read;
            if ((int)done.Eax <= 0)
            {
                break;
            }

            total += done.Eax;
            offset += done.Eax;
        }

        if (total == 0)
        {
            return done;
        }

        if (call.Edx == 0)
        {
            _ = input.Host.Seek(offset, SeekSet);
            return total;
        }

        return Answer.FaultUnless(wide ? memory.TryWrite(call.Edx, offset) : memory.TryWrite(call.Edx, (int)offset), total);
    }

    private bool ReadNarrow(uint address, out long offset)
    {
        bool done = memory.TryRead(address, out int narrow);
        offset = narrow;
        return done;
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
            if (read == -(int)Errno.EAGAIN && !file.IsNonBlocking && total == 0)
            {
                if (!call.Wait([], Pause))
                {
                    return Answer.Restart;
                }

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
            Answer written = Put(call, file, buffer.AsSpan(0, length), wanted - total);
            if ((int)written.Eax < 0)
            {
                return total > 0 ? total : written;
            }

            total += (int)written.Eax;
            address += written.Eax;
        }
        while (total < wanted);
        return total;
    }

    /// <summary>Writes to a file, when it takes something.</summary>
    /// <param name="call">The call.</param>
    /// <param name="file">The file.</param>
    /// <param name="bytes">The bytes; none where the program has none at its address.</param>
    /// <param name="wanted">How many the program wants to write.</param>
    /// <returns>How many it took, or what the program is told when it took none.</returns>
    private Answer Put(CallContext call, GuestFile file, ReadOnlySpan<byte> bytes, int wanted)
    {
        for (; ; )
        {
            if (wanted > 0 && Refusal(call, file, PollEvents.Out) is Answer refusal)
            {
                return refusal;
            }

            int written = bytes.IsEmpty && wanted > 0 ? file.Host.WriteFromNowhere(wanted) : file.Host.Write(bytes);
            if (written == -(int)Errno.EAGAIN && !file.IsNonBlocking)
            {
                if (!call.Wait([], Pause))
                {
                    return Answer.Restart;
                }

                continue;
            }

            if (written == -(int)Errno.EPIPE)
            {
                signals.Post(new SignalInfo(Signals.Pipe, SignalInfo.User) { First = task.Pid, Second = task.Uid }, toThread: true);
            }

            return written;
        }
    }

    /// <summary>
    /// Waits for a file that may keep its caller waiting. O_NONBLOCK is the program's own. The host's file is never asked before it is ready, for
    /// a thread that waits in the host's kernel cannot be stopped.
    /// </summary>
    /// <returns>What the program is told when the file is not ready; null when it is.</returns>
    private static Answer? Refusal(CallContext call, GuestFile file, PollEvents events)
    {
        if (file.IsRegular)
        {
            return null;
        }

        Span<PolledFile> files = [new(file.Host, events)];
        bool isDone = call.Wait(files, file.IsNonBlocking ? TimeSpan.Zero : null) || (file.IsNonBlocking && call.Stop is null);
        return !isDone ? Answer.Restart
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
}
