// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>struct timespec as i386's programs have it: of two words of 32 bits, or, since 2019, of two of 64.</summary>
internal static class GuestTime
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Reads a time span.</summary>
    /// <param name="memory">The program's memory.</param>
    /// <param name="address">Where it lies.</param>
    /// <param name="wide">Whether its words have 64 bits.</param>
    /// <param name="time">The time.</param>
    /// <returns>EFAULT, or EINVAL when it is negative or has more than a second of nanoseconds.</returns>
    public static Errno Read(AddressSpace memory, uint address, bool wide, out TimeSpan time)
    {
        time = default;
        Wide value;
        if (wide)
        {
            if (!memory.TryRead(address, out value))
            {
                return Errno.EFAULT;
            }

            // The upper half of the nanoseconds is padding in a program of 32 bits.
            value.Nanoseconds = (uint)value.Nanoseconds;
        }
        else
        {
            if (!memory.TryRead(address, out Narrow narrow))
            {
                return Errno.EFAULT;
            }

            value = new() { Seconds = narrow.Seconds, Nanoseconds = narrow.Nanoseconds };
        }

        if (value.Seconds < 0 || value.Nanoseconds is < 0 or >= NanosecondsPerSecond)
        {
            return Errno.EINVAL;
        }

        // What would be hundreds of years is for ever.
        const long most = 1L << 32;
        time = TimeSpan.FromSeconds(Math.Min(value.Seconds, most)) + TimeSpan.FromTicks((value.Nanoseconds + TimeSpan.NanosecondsPerTick - 1) / TimeSpan.NanosecondsPerTick);
        return default;
    }

    /// <summary>Writes a time.</summary>
    /// <returns>EFAULT, or EOVERFLOW when 32 bits are too few.</returns>
    public static Errno Write(AddressSpace memory, uint address, bool wide, long seconds, long nanoseconds)
    {
        if (!wide && seconds is < int.MinValue or > int.MaxValue)
        {
            return Errno.EOVERFLOW;
        }

        bool written = wide
            ? memory.TryWrite(address, new Wide { Seconds = seconds, Nanoseconds = nanoseconds })
            : memory.TryWrite(address, new Narrow { Seconds = (int)seconds, Nanoseconds = (int)nanoseconds });
        return written ? default : Errno.EFAULT;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Wide
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Narrow
    {
        public int Seconds;
        public int Nanoseconds;
    }
}
