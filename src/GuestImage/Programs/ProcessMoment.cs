// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Programs;

/// <summary>What a process of the host's Linux learns of itself before and after a run: the kernel's own structures, of 32 or of 64 bits a field.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ProcessMoment
{
    /// <summary>The TSC, read right after the clock.</summary>
    public ulong TscTicks;

    /// <summary>struct timespec of CLOCK_MONOTONIC_RAW.</summary>
    internal WordArray Clock;

    /// <summary>struct rusage of RUSAGE_SELF.</summary>
    internal WordArray Usage;

    /// <summary>The CPU that it was on.</summary>
    public uint Cpu;

    private readonly uint _padding;

    // The fields of struct rusage: two times of two fields each, then fourteen counts.
    private const int MinorFaults = 8;
    private const int MajorFaults = 9;
    private const int VoluntarySwitchesField = 16;
    private const int InvoluntarySwitchesField = 17;

    /// <summary>The clock in nanoseconds.</summary>
    /// <param name="bitness">The program's, 32 or 64.</param>
    public readonly long Nanoseconds(int bitness) => (Field(Clock, 0, bitness) * 1_000_000_000) + Field(Clock, 1, bitness);

    /// <summary>Page faults, with and without I/O.</summary>
    /// <param name="bitness">The program's, 32 or 64.</param>
    public readonly long PageFaults(int bitness) => Field(Usage, MinorFaults, bitness) + Field(Usage, MajorFaults, bitness);

    /// <summary>Times that it gave up the CPU to wait.</summary>
    /// <param name="bitness">The program's, 32 or 64.</param>
    public readonly long VoluntarySwitches(int bitness) => Field(Usage, VoluntarySwitchesField, bitness);

    /// <summary>Times that another thread took the CPU from it.</summary>
    /// <param name="bitness">The program's, 32 or 64.</param>
    public readonly long InvoluntarySwitches(int bitness) => Field(Usage, InvoluntarySwitchesField, bitness);

    private static long Field(in WordArray words, int field, int bitness) =>
        bitness == 64 ? words[2 * field] | ((long)words[(2 * field) + 1] << 32) : (int)words[field];

    /// <summary>Room for the eighteen fields of a struct rusage on x86-64.</summary>
    [InlineArray(36)]
    internal struct WordArray
    {
        private uint _first;
    }
}
