// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Kernel;

/// <summary>
/// Offsets in the registers that an entry saves on the kernel's stack: struct pt_regs of Linux 2.6.12 on i386. From EIP on the CPU pushes
/// them, or the SYSENTER path in its place.
/// </summary>
public static class PtRegs
{
    /// <summary>EBX.</summary>
    public const int Ebx = 0x00;

    /// <summary>ECX.</summary>
    public const int Ecx = 0x04;

    /// <summary>EDX.</summary>
    public const int Edx = 0x08;

    /// <summary>ESI.</summary>
    public const int Esi = 0x0c;

    /// <summary>EDI.</summary>
    public const int Edi = 0x10;

    /// <summary>EBP.</summary>
    public const int Ebp = 0x14;

    /// <summary>EAX: the system call's result.</summary>
    public const int Eax = 0x18;

    /// <summary>DS.</summary>
    public const int Ds = 0x1c;

    /// <summary>ES.</summary>
    public const int Es = 0x20;

    /// <summary>EAX as it was on entry: the system call's number.</summary>
    public const int OrigEax = 0x24;

    /// <summary>EIP.</summary>
    public const int Eip = 0x28;

    /// <summary>CS.</summary>
    public const int Cs = 0x2c;

    /// <summary>EFLAGS.</summary>
    public const int Eflags = 0x30;

    /// <summary>The user's ESP.</summary>
    public const int Esp = 0x34;

    /// <summary>The user's SS.</summary>
    public const int Ss = 0x38;

    /// <summary>Bytes of the structure.</summary>
    public const int Size = 0x3c;
}
