// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Assembly;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;

namespace Kvmsys.Guest;

/// <summary>What <see cref="LongModeGuest.Build"/> builds.</summary>
public sealed record LongModeGuestOptions
{
    /// <summary>The smallest memory in which the kernel and a program fit, in bytes.</summary>
    public const uint MinMemorySize = 4 << 20;

    /// <summary>The largest memory, in bytes: all of it is mapped for the kernel, from <see cref="KernelLayout.PageOffset"/> to 4 GiB.</summary>
    public const uint MaxMemorySize = uint.MaxValue - KernelLayout.PageOffset + 1;

    /// <summary>The largest <see cref="EntryOffset"/>.</summary>
    public const int MaxEntryOffset = (int)TextSection.Alignment - 1;

    /// <summary>The program: 64-bit code, or 32-bit code that runs in compatibility mode, as its <see cref="GuestProgram.Bitness"/> says.</summary>
    public required GuestProgram Program { get; init; }

    /// <summary>Where in its cache line of 64 bytes each system call's entry starts: 0 to <see cref="MaxEntryOffset"/>.</summary>
    public int EntryOffset { get; init; }

    /// <summary>What each system call's entry does beyond what the hardware needs.</summary>
    public Mitigation Mitigation { get; init; }

    /// <summary>
    /// Whether events come by FRED, for a CPU that has it and a 64-bit program. Its entries lie where they must, whatever <see cref="EntryOffset"/>
    /// says, and take no <see cref="Mitigation"/>: SWAPGS is part of the event.
    /// </summary>
    public bool Fred { get; init; }

    /// <summary>Decides which frames the pages get, and the process identifier.</summary>
    public int Seed { get; init; }

    /// <summary>Guest-physical memory in bytes, a multiple of 2 MiB.</summary>
    public uint MemorySize { get; init; } = MinMemorySize;
}
