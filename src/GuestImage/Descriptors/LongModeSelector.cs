// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Descriptors;

/// <summary>
/// Selectors of Linux's GDT on x86-64 (arch/x86/include/asm/segment.h), with the privilege level that they are used with. The order is what
/// SYSCALL, SYSRET, SYSENTER and SYSEXIT want (SDM Vol. 2).
/// </summary>
public static class LongModeSelector
{
    /// <summary>__KERNEL_CS, 64-bit; what SYSCALL and SYSENTER load, and SYSENTER_CS.</summary>
    public const ushort KernelCode = 0x10;

    /// <summary>__KERNEL_DS: the kernel's code plus 8, for both.</summary>
    public const ushort KernelData = 0x18;

    /// <summary>__USER32_CS: what SYSRET to compatibility mode loads; SYSEXIT finds it at SYSENTER_CS + 16.</summary>
    public const ushort UserCode32 = 0x23;

    /// <summary>__USER_DS: __USER32_CS + 8 for SYSRET, SYSENTER_CS + 24 for SYSEXIT.</summary>
    public const ushort UserData = 0x2b;

    /// <summary>__USER_CS, 64-bit: __USER32_CS + 16 for SYSRET.</summary>
    public const ushort UserCode64 = 0x33;

    /// <summary>GDT_ENTRY_TSS, two entries.</summary>
    public const ushort Tss = 0x40;
}
