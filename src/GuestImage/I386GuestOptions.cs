// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;

namespace Kvmsys.Guest;

/// <summary>What <see cref="I386Guest.Build"/> builds.</summary>
public sealed record I386GuestOptions
{
    /// <summary>The smallest memory in which the kernel and a program fit, in bytes.</summary>
    public const uint MinMemorySize = 4 << 20;

    /// <summary>The program.</summary>
    public required GuestProgram Program { get; init; }

    /// <summary>The kernel.</summary>
    public KernelProfile Profile { get; init; }

    /// <summary>The CPU that the guest is given; it decides what the vsyscall page holds.</summary>
    public required CpuIdentity Cpu { get; init; }

    /// <summary>Decides which frames the pages get, and the process identifier.</summary>
    public int Seed { get; init; }

    /// <summary>Guest-physical memory in bytes, a multiple of 4 MiB.</summary>
    public uint MemorySize { get; init; } = 16 << 20;
}
