// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>The system calls that move bytes between files and the program.</summary>
/// <param name="memory">The program's memory.</param>
/// <param name="files">Its files.</param>
/// <param name="signals">Its signals: SIGPIPE.</param>
internal sealed class TransferCalls(AddressSpace memory, FileTable files, SignalState signals)
{
    private const int MaxTransfer = 0x7ffff000;
    private const int Chunk = 64 << 10;

    // A pipe that can be written takes so much without waiting.
    private const int PipeBuffer = 4096;
    private const int MaxVectors = 1024;

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

    private bool ReadNarrow(uint address, out long offset)
    {
        bool done = memory.TryRead(address, out int narrow);
        offset = narrow;
        return done;
    }

    private Answer StoreOffset(CallContext call, bool wide, long offset, uint total) =>
        call.Edx == 0 ? total : Answer.FaultUnless(wide ? memory.TryWrite(call.Edx, offset) : memory.TryWrite(call.Edx, (int)offset), total);

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
}
