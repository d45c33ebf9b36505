// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Descriptors;

/// <summary>Selectors of Linux 2.6.12's GDT on i386 (include/asm-i386/segment.h), with the privilege level that they are used with.</summary>
public static class Selector
{
    /// <summary>__KERNEL_CS; also SYSENTER_CS, from which SYSENTER and SYSEXIT derive the next three.</summary>
    public const ushort KernelCode = 0x60;

    /// <summary>__KERNEL_DS: SYSENTER_CS + 8.</summary>
    public const ushort KernelData = 0x68;

    /// <summary>__USER_CS: (SYSENTER_CS + 16) | 3.</summary>
    public const ushort UserCode = 0x73;

    /// <summary>__USER_DS: (SYSENTER_CS + 24) | 3.</summary>
    public const ushort UserData = 0x7b;

    /// <summary>GDT_ENTRY_TSS.</summary>
    public const ushort Tss = 0x80;

    /// <summary>A call gate to getpid in one of the entries that 2.6.12 does not use, 27.</summary>
    public const ushort CallGate = 0xdb;

    /// <summary>GDT_ENTRY_DOUBLEFAULT_TSS.</summary>
    public const ushort DoubleFaultTss = 0xf8;
}
