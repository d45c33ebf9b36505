// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Programs;
using Kvmsys.Guest.Vsyscall;

namespace Kvmsys.Guest;

/// <summary>What <see cref="I386Guest.Build"/> builds.</summary>
public sealed record I386GuestOptions
{
    /// <summary>The smallest memory in which the kernel and a program fit, in bytes.</summary>
    public const uint MinMemorySize = 4 << 20;

    /// <summary>The memory that a guest has when nothing is said, in bytes.</summary>
    public const uint DefaultMemorySize = 16 << 20;

    /// <summary>The largest memory, in bytes: all of it is mapped for the kernel, as Linux's low memory, and the fixmap needs its place.</summary>
    public const uint MaxMemorySize = 896 << 20;

    /// <summary>The program.</summary>
    public required GuestProgram Program { get; init; }

    /// <summary>The kernel.</summary>
    public KernelProfile Profile { get; init; }

    /// <summary>Where in its cache line of 64 bytes each of the kernel's system-call entries starts, 0 to 63.</summary>
    public int EntryOffset { get; init; }

    /// <summary>The CPU that the guest is given; it decides what the vsyscall page holds.</summary>
    public required CpuIdentity Cpu { get; init; }

    /// <summary>What the vsyscall page holds; null to let the CPU decide, as 2.6.12 does.</summary>
    public VsyscallVariant? Vsyscall { get; init; }

    /// <summary>Decides which frames the pages get, and the process identifier.</summary>
    public int Seed { get; init; }

    /// <summary>Pages at fixed addresses below the vsyscall page: the first at 0xffffd000, the next below it.</summary>
    public ImmutableArray<FixmapContents> Fixmap { get; init; } = [];

    /// <summary>The user that the program is told it runs as.</summary>
    public uint Uid { get; init; }

    /// <summary>The group that the program is told it runs as.</summary>
    public uint Gid { get; init; }

    /// <summary>Guest-physical memory in bytes, a multiple of 4 MiB.</summary>
    public uint MemorySize { get; init; } = DefaultMemorySize;
}
