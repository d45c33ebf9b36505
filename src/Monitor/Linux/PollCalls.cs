// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>The system calls that wait for files: poll, select and their like.</summary>
/// <param name="memory">The program's memory.</param>
/// <param name="files">Its files.</param>
/// <param name="signals">Its signals.</param>
internal sealed class PollCalls(AddressSpace memory, FileTable files, SignalState signals)
{
    private const int SetWordBits = 32;

    // What each of select's sets waits for, and what it counts as ready for.
    private static readonly (PollEvents Waited, PollEvents Ready)[] SelectEvents =
    [
        (PollEvents.In, PollEvents.In | PollEvents.Hup | PollEvents.Err | PollEvents.Nval),
        (PollEvents.Out, PollEvents.Out | PollEvents.Err | PollEvents.Nval),
        (PollEvents.Pri, PollEvents.Pri | PollEvents.Nval),
    ];

    /// <summary>poll.</summary>
    public Answer Poll(CallContext call)
    {
        int milliseconds = (int)call.Edx;
        return Poll(call, milliseconds < 0 ? null : TimeSpan.FromMilliseconds(milliseconds), Errno.EINTR);
    }

    /// <summary>ppoll and ppoll_time64: poll with a mask, and what is left of the time is written back.</summary>
    /// <param name="call">The call.</param>
    /// <param name="wide">Whether the time has 64 bits.</param>
    public Answer Ppoll(CallContext call, bool wide) =>
        Timed(call.Edx, wide, time => WithMask(call.Esi, call.Edi, () => Poll(call, time, Answer.RestartUnlessHandled)));

    /// <summary>_newselect: what is left of the time is written back.</summary>
    public Answer Newselect(CallContext call)
    {
        const int microsecondsPerSecond = 1_000_000;
        if (call.Edi == 0)
        {
            return Select(call, null);
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
        return Timed(
            time,
            () => Select(call, time),
            left => memory.TryWrite(call.Edi, new Timeval((int)left.TotalSeconds, (int)(left.Ticks / TimeSpan.TicksPerMicrosecond % microsecondsPerSecond))));
    }

    /// <summary>pselect6 and pselect6_time64. The sixth argument points to the mask's address and size.</summary>
    /// <param name="call">The call.</param>
    /// <param name="wide">Whether the time has 64 bits.</param>
    public Answer Pselect6(CallContext call, bool wide)
    {
        SetArgument mask = default;
        if (call.Ebp != 0 && !memory.TryRead(call.Ebp, out mask))
        {
            return Errno.EFAULT;
        }

        return Timed(call.Edi, wide, time => WithMask(mask.Address, mask.Size, () => Select(call, time)));
    }

    /// <summary>Makes a call that waits at most for a time that the program gives, if it gives one.</summary>
    private Answer Timed(uint address, bool wide, Func<TimeSpan?, Answer> wait)
    {
        if (address == 0)
        {
            return wait(null);
        }

        Errno error = GuestTime.Read(memory, address, wide, out TimeSpan time);
        return error != default ? error : Timed(
            time,
            () => wait(time),
            left => GuestTime.Write(memory, address, wide, (long)left.TotalSeconds, left.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick) == default);
    }

    /// <summary>Makes a call that waits, and tells the program what is left of its time: with that it is made again, if it is to be.</summary>
    private static Answer Timed(TimeSpan time, Func<Answer> wait, Func<TimeSpan, bool> tell)
    {
        long start = Stopwatch.GetTimestamp();
        Answer answer = wait();
        TimeSpan left = time - Stopwatch.GetElapsedTime(start);
        bool isTold = tell(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        return answer.IsRestart && !isTold ? Errno.EINTR : answer;
    }

    /// <summary>Makes a call that waits with another signal mask, if the program gives one. A handler that ends the wait runs with that mask.</summary>
    private Answer WithMask(uint address, uint size, Func<Answer> wait)
    {
        if (address == 0)
        {
            return wait();
        }

        if (size != sizeof(ulong))
        {
            return Errno.EINVAL;
        }

        if (!memory.TryRead(address, out ulong mask))
        {
            return Errno.EFAULT;
        }

        signals.Borrow(mask);
        Answer answer = wait();
        if (!answer.IsRestart)
        {
            signals.GiveBack();
        }

        return answer;
    }

    /// <summary>Waits for files. A signal that is to be delivered already leaves time to look at them, and no more.</summary>
    /// <returns>False when it was interrupted.</returns>
    private bool Wait(CallContext call, PolledFile[] polled, TimeSpan? time) =>
        signals.HasDeliverable
            ? call.Wait(polled, TimeSpan.Zero) && Array.Exists(polled, file => file.Ready != PollEvents.None)
            : call.Wait(polled, time);

    private Answer Poll(CallContext call, TimeSpan? time, Answer interrupted)
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

        if (isReady)
        {
            call.Wait(polled, TimeSpan.Zero);
        }
        else if (!Wait(call, polled, time))
        {
            return interrupted;
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
    private Answer Select(CallContext call, TimeSpan? time)
    {
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
        uint[][] found = [];
        uint ready = 0;
        TimeSpan? left = time;
        do
        {
            long start = Stopwatch.GetTimestamp();
            if (!Wait(call, polled, left))
            {
                return Answer.RestartUnlessHandled;
            }

            TimeSpan? rest = left - Stopwatch.GetElapsedTime(start);
            left = rest < TimeSpan.Zero ? TimeSpan.Zero : rest;
            found = [.. sets.Select((set, i) => Ready(set, SelectEvents[i].Ready, descriptors, polled))];
            ready = (uint)found.Sum(set => set.Sum(BitOperations.PopCount));
        }
        while (ready == 0 && TryForgetReady(polled));

        for (int i = 0; i < sets.Length; i++)
        {
            if (places[i] != 0 && !memory.TryWrite(places[i], MemoryMarshal.AsBytes(found[i].AsSpan())))
            {
                return Errno.EFAULT;
            }
        }

        return ready;
    }

    /// <summary>The descriptors of a set that are ready for what it is about.</summary>
    private static uint[] Ready(uint[] set, PollEvents events, List<int> descriptors, PolledFile[] polled)
    {
        uint[] found = new uint[set.Length];
        for (int i = 0; i < polled.Length; i++)
        {
            if (Has(set, descriptors[i]) && (polled[i].Ready & events) != PollEvents.None)
            {
                found[descriptors[i] / SetWordBits] |= 1u << (descriptors[i] % SetWordBits);
            }
        }

        return found;
    }

    /// <summary>What is ready for nothing that was asked for, such as a pipe that hung up, would end every wait: it is waited for no more.</summary>
    /// <returns>False when there is none, so that the time is over.</returns>
    private static bool TryForgetReady(PolledFile[] polled)
    {
        bool isAny = false;
        for (int i = 0; i < polled.Length; i++)
        {
            if (polled[i].Ready != PollEvents.None)
            {
                polled[i] = default;
                isAny = true;
            }
        }

        return isAny;
    }

    private static bool Has(uint[] set, int descriptor) => (set[descriptor / SetWordBits] >> (descriptor % SetWordBits) & 1) != 0;

    /// <summary>What pselect6's sixth argument points to.</summary>
    private readonly record struct SetArgument(uint Address, uint Size);

    /// <summary>struct timeval.</summary>
    private readonly record struct Timeval(int Seconds, int Microseconds);
}
