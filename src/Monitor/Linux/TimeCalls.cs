// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Runtime.InteropServices;
using Kvmsys.Guest.Kernel;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>The system calls about time: the host's clocks.</summary>
/// <param name="memory">The program's memory.</param>
/// <param name="task">Who the program is.</param>
internal sealed class TimeCalls(AddressSpace memory, TaskIdentity task)
{
    private const int Realtime = 0;
    private const int Monotonic = 1;
    private const int ProcessCpuTime = 2;
    private const int ThreadCpuTime = 3;
    private const int LastClock = 11;
    private const uint Absolute = 1;
    private const int TicksPerSecond = 100;

    /// <summary>clock_gettime, and clock_gettime64.</summary>
    public Answer ClockGettime(CallContext call, bool wide)
    {
        int error = Clock.Read(HostClock(call.Ebx), out long seconds, out long nanoseconds);
        return error != 0 ? error : GuestTime.Write(memory, call.Ecx, wide, seconds, nanoseconds);
    }

    /// <summary>clock_getres, and clock_getres_time64.</summary>
    public Answer ClockGetres(CallContext call, bool wide)
    {
        int error = Clock.ReadResolution(HostClock(call.Ebx), out long seconds, out long nanoseconds);
        return error != 0 ? error : call.Ecx == 0 ? 0 : GuestTime.Write(memory, call.Ecx, wide, seconds, nanoseconds);
    }

    /// <summary>gettimeofday.</summary>
    public Answer Gettimeofday(CallContext call)
    {
        _ = Clock.Read(Realtime, out long seconds, out long nanoseconds);
        const int nanosecondsPerMicrosecond = 1000;
        if (call.Ebx != 0 && !memory.TryWrite(call.Ebx, new Timeval((int)seconds, (int)(nanoseconds / nanosecondsPerMicrosecond))))
        {
            return Errno.EFAULT;
        }

        // struct timezone: Linux has none either.
        return call.Ecx == 0 ? 0 : Answer.FaultUnless(memory.TryWrite(call.Ecx, 0UL));
    }

    /// <summary>time.</summary>
    public Answer Time(CallContext call)
    {
        _ = Clock.Read(Realtime, out long seconds, out _);
        return call.Ebx == 0 ? (uint)seconds : Answer.FaultUnless(memory.TryWrite(call.Ebx, (uint)seconds), (uint)seconds);
    }

    /// <summary>nanosleep.</summary>
    public Answer Nanosleep(CallContext call)
    {
        Errno error = GuestTime.Read(memory, call.Ebx, wide: false, out TimeSpan time);
        return error != default ? error : Sleep(call, time, call.Ecx, wide: false);
    }

    /// <summary>clock_nanosleep, and clock_nanosleep_time64.</summary>
    public Answer ClockNanosleep(CallContext call, bool wide)
    {
        Errno error = GuestTime.Read(memory, call.Edx, wide, out TimeSpan time);
        if (error != default)
        {
            return error;
        }

        int clock = HostClock(call.Ebx);
        int refused = Clock.Read(clock, out long seconds, out long nanoseconds);
        if (refused != 0 || clock == ThreadCpuTime)
        {
            return refused != 0 ? refused : Errno.EINVAL;
        }

        bool isAbsolute = (call.Ecx & Absolute) != 0;
        if (isAbsolute)
        {
            time -= TimeSpan.FromSeconds(seconds) + TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick);
        }

        return time > TimeSpan.Zero ? Sleep(call, time, isAbsolute ? 0 : call.Esi, wide) : 0;
    }

    /// <summary>times: the CPU's time of the one thread, all of it the program's.</summary>
    public Answer Times(CallContext call)
    {
        _ = Clock.Read(ThreadCpuTime, out long seconds, out long nanoseconds);
        if (call.Ebx != 0 && !memory.TryWrite(call.Ebx, new Tms(Ticks(seconds, nanoseconds), 0, 0, 0)))
        {
            return Errno.EFAULT;
        }

        _ = Clock.Read(Monotonic, out seconds, out nanoseconds);
        return Ticks(seconds, nanoseconds);
    }

    /// <summary>getrusage: the CPU's time; Linux counts more.</summary>
    public Answer Getrusage(CallContext call)
    {
        const int size = 72;
        const int children = -1;
        const int thread = 1;
        if ((int)call.Ebx is not (0 or children or thread))
        {
            return Errno.EINVAL;
        }

        Span<byte> usage = stackalloc byte[size];
        usage.Clear();
        if ((int)call.Ebx != children)
        {
            _ = Clock.Read(ThreadCpuTime, out long seconds, out long nanoseconds);
            MemoryMarshal.Write(usage, new Timeval((int)seconds, (int)(nanoseconds / 1000)));
        }

        return Answer.FaultUnless(memory.TryWrite(call.Ecx, usage));
    }

    /// <summary>A clock's number at the host: the process's CPU time is that of the vCPU's thread.</summary>
    private int HostClock(uint clock) => clock switch
    {
        ProcessCpuTime => ThreadCpuTime,
        <= LastClock => (int)clock,
        _ when IsOwnCpuTime((int)clock) => ThreadCpuTime,
        _ => int.MaxValue,
    };

    /// <summary>Whether it is the CPU time of this process or of its thread, as clock_getcpuclockid and pthread_getcpuclockid name it.</summary>
    private bool IsOwnCpuTime(int clock)
    {
        // Below 0: the identifier inverted, a bit for a thread, and which time, of all or of the program alone; 3 is none of the CPU's.
        const int which = 3;
        return clock < 0 && (clock & which) != which && ~(clock >> 3) is int pid && (pid == 0 || pid == task.Pid);
    }

    /// <summary>Sleeps.</summary>
    /// <param name="call">The call.</param>
    /// <param name="time">How long.</param>
    /// <param name="rest">Where to write what is left of it when it is interrupted; 0 for nowhere.</param>
    /// <param name="wide">Whether that has 64 bits.</param>
    private Answer Sleep(CallContext call, TimeSpan time, uint rest, bool wide)
    {
        long start = Stopwatch.GetTimestamp();
        if (call.Wait([], time))
        {
            return 0;
        }

        TimeSpan left = time - Stopwatch.GetElapsedTime(start);
        left = left > TimeSpan.Zero ? left : TimeSpan.Zero;
        Errno error = rest == 0
            ? default
            : GuestTime.Write(memory, rest, wide, left.Ticks / TimeSpan.TicksPerSecond, left.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick);
        return error != default ? error : Errno.EINTR;
    }

    private static uint Ticks(long seconds, long nanoseconds) => (uint)((seconds * TicksPerSecond) + (nanoseconds * TicksPerSecond / 1_000_000_000));

    private readonly record struct Timeval(int Seconds, int Microseconds);

    private readonly record struct Tms(uint User, uint System, uint ChildrenUser, uint ChildrenSystem);
}
