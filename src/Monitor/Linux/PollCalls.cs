// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>The system calls that wait for files: poll, select and their like.</summary>
/// <param name="memory">The program's memory.</param>
/// <param name="files">Its files.</param>
internal sealed class PollCalls(AddressSpace memory, FileTable files)
{
    private const int SetWordBits = 32;

    // What each of select's sets waits for, and what it counts as ready for.
    private static readonly (PollEvents Waited, PollEvents Ready)[] SelectEvents =
    [
        (PollEvents.In, PollEvents.In | PollEvents.Hup | PollEvents.Err),
        (PollEvents.Out, PollEvents.Out | PollEvents.Err),
        (PollEvents.Pri, PollEvents.Pri),
    ];

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

    /// <summary>_newselect: what is left of the time is written back.</summary>
    public Answer Newselect(CallContext call)
    {
        const int microsecondsPerSecond = 1_000_000;
        if (call.Edi == 0)
        {
            return Select(call, null, out _);
        }

        if (!memory.TryRead(call.Edi, out Timeval given))
        {
            return Errno.EFAULT;
        }

        if (given.Seconds < 0 || given.Microseconds < 0)
        {
            return Errno.EINVAL;
        }

        TimeSpan time = TimeSpan.FromMicroseconds(((long)given.Seconds * microsecondsPerSecond) + given.Microseconds);
        Answer answer = Select(call, time, out TimeSpan left);
        memory.TryWrite(call.Edi, new Timeval((int)left.TotalSeconds, (int)(left.Ticks / TimeSpan.TicksPerMicrosecond % microsecondsPerSecond)));
        return answer;
    }

    /// <summary>pselect6 and pselect6_time64. The mask is not taken, as with <see cref="Ppoll"/>.</summary>
    /// <param name="call">The call.</param>
    /// <param name="wide">Whether the time has 64 bits.</param>
    public Answer Pselect6(CallContext call, bool wide)
    {
        if (call.Edi == 0)
        {
            return Select(call, null, out _);
        }

        Errno error = GuestTime.Read(memory, call.Edi, wide, out TimeSpan time);
        if (error != default)
        {
            return error;
        }

        Answer answer = Select(call, time, out TimeSpan left);
        _ = GuestTime.Write(memory, call.Edi, wide, (long)left.TotalSeconds, left.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick);
        return answer;
    }

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
            BinaryPrimitives.WriteInt16LittleEndian(entry[6..], (short)events);
            ready += events != PollEvents.None ? 1 : 0;
        }

        return Answer.FaultUnless(memory.TryWrite(call.Ebx, entries), (uint)ready);
    }

    /// <summary>What select and its like do with their sets, a bit for each descriptor.</summary>
    private Answer Select(CallContext call, TimeSpan? time, out TimeSpan left)
    {
        long start = Stopwatch.GetTimestamp();
        left = time ?? default;
        if ((int)call.Ebx < 0)
        {
            return Errno.EINVAL;
        }

        // Of more descriptors than there can be, the rest is not looked at.
        int count = (int)Math.Min(call.Ebx, FileTable.Limit);
        uint[] places = [call.Ecx, call.Edx, call.Esi];
        uint[][] sets = new uint[places.Length][];
        for (int i = 0; i < sets.Length; i++)
        {
            sets[i] = new uint[(count + SetWordBits - 1) / SetWordBits];
            if (places[i] != 0 && !memory.TryRead(places[i], MemoryMarshal.AsBytes(sets[i].AsSpan())))
            {
                return Errno.EFAULT;
            }
        }

        List<PolledFile> wanted = [];
        List<int> descriptors = [];
        for (int descriptor = 0; descriptor < count; descriptor++)
        {
            PollEvents events = PollEvents.None;
            for (int i = 0; i < sets.Length; i++)
            {
                events |= Has(sets[i], descriptor) ? SelectEvents[i].Waited : PollEvents.None;
            }

            if (events == PollEvents.None)
            {
                continue;
            }

            if (files[descriptor] is not GuestFile file)
            {
                return Errno.EBADF;
            }

            wanted.Add(new(file.Host, events));
            descriptors.Add(descriptor);
        }

        PolledFile[] polled = [.. wanted];
        bool isDone = call.Wait(polled, time);
        left = time is TimeSpan all && all - Stopwatch.GetElapsedTime(start) is TimeSpan rest && rest > TimeSpan.Zero ? rest : TimeSpan.Zero;
        if (!isDone)
        {
            return Errno.EINTR;
        }

        uint ready = 0;
        for (int i = 0; i < sets.Length; i++)
        {
            uint[] found = new uint[sets[i].Length];
            for (int j = 0; j < polled.Length; j++)
            {
                if (Has(sets[i], descriptors[j]) && (polled[j].Ready & SelectEvents[i].Ready) != PollEvents.None)
                {
                    found[descriptors[j] / SetWordBits] |= 1u << (descriptors[j] % SetWordBits);
                    ready++;
                }
            }

            if (places[i] != 0 && !memory.TryWrite(places[i], MemoryMarshal.AsBytes(found.AsSpan())))
            {
                return Errno.EFAULT;
            }
        }

        return ready;
    }

    private static bool Has(uint[] set, int descriptor) => (set[descriptor / SetWordBits] >> (descriptor % SetWordBits) & 1) != 0;

    /// <summary>struct timeval.</summary>
    private readonly record struct Timeval(int Seconds, int Microseconds);
}
