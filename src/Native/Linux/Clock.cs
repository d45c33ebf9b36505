// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Linux;

/// <summary>The kernel's clocks, by number: clock_gettime(2).</summary>
/// <remarks>Each call answers as the kernel does, 0 or an error number negated.</remarks>
public static unsafe class Clock
{
    /// <summary>Reads a clock.</summary>
    /// <param name="clock">CLOCK_REALTIME is 0, CLOCK_MONOTONIC 1.</param>
    /// <param name="seconds">Whole seconds.</param>
    /// <param name="nanoseconds">The rest.</param>
    public static int Read(int clock, out long seconds, out long nanoseconds)
    {
        Libc.Timespec time = default;

        // SAFETY: the pointer is to a local that outlives the call.
        int result = Libc.ClockGettime(clock, &time);
        (seconds, nanoseconds) = (time.TvSec, time.TvNsec);
        return result == 0 ? 0 : -(int)Libc.LastErrno;
    }

    /// <summary>Reads a clock's resolution.</summary>
    /// <param name="clock">As for <see cref="Read"/>.</param>
    /// <param name="seconds">Whole seconds.</param>
    /// <param name="nanoseconds">The rest.</param>
    public static int ReadResolution(int clock, out long seconds, out long nanoseconds)
    {
        Libc.Timespec time = default;

        // SAFETY: the pointer is to a local that outlives the call.
        int result = Libc.ClockGetres(clock, &time);
        (seconds, nanoseconds) = (time.TvSec, time.TvNsec);
        return result == 0 ? 0 : -(int)Libc.LastErrno;
    }
}
