// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Kernel;

/// <summary>
/// What the CPU leaves on the stack of every event that it delivers by FRED, whatever the event and the ring: offsets from RSP in bytes
/// (Intel, Flexible Return and Event Delivery, specification 346446, 5.1.1; Linux, arch/x86/include/asm/ptrace.h).
/// </summary>
public static class FredFrame
{
    /// <summary>The error code, or 0. ERETU and ERETS pass over it.</summary>
    public const int ErrorCode = 0x00;

    /// <summary>RIP: behind SYSCALL, SYSENTER and INT n, and at an instruction that faults.</summary>
    public const int Rip = 0x08;

    /// <summary>CS in the low 16 bits; above it the stack level.</summary>
    public const int Cs = 0x10;

    /// <summary>RFLAGS.</summary>
    public const int Rflags = 0x18;

    /// <summary>RSP.</summary>
    public const int Rsp = 0x20;

    /// <summary>SS in the low 16 bits; above it what the event blocks.</summary>
    public const int Ss = 0x28;

    /// <summary>The event's vector, one byte, and behind it its type: bits 39 to 32 of the quadword that SS is in.</summary>
    public const int Vector = Ss + sizeof(uint);

    /// <summary>The address that a page fault is about, and the like.</summary>
    public const int EventData = 0x30;

    /// <summary>Bytes of the frame: these, and a quadword of zeros.</summary>
    public const int Size = 0x40;

    /// <summary>The vector of SYSCALL, whose type is 7, other event.</summary>
    public const int SyscallVector = 1;
}
