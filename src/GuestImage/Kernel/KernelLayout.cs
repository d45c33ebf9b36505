// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Kernel;

/// <summary>
/// Where the kernel's parts lie. Addresses are virtual; the kernel is mapped at <see cref="PageOffset"/>, so that the guest-physical address
/// is the virtual one minus that, as in Linux on i386.
/// </summary>
public static class KernelLayout
{
    /// <summary>PAGE_OFFSET: guest-physical address 0, and the end of what ring 3 may use.</summary>
    public const uint PageOffset = 0xc0000000;

    /// <summary>First byte of the kernel, at 1 MiB of physical memory as Linux's.</summary>
    public const uint Start = PageOffset + 0x100000;

    /// <summary>Code.</summary>
    public const uint Text = Start;

    /// <summary>The entries of a 64-bit kernel with FRED, one page; an i386 kernel has the next three tables there.</summary>
    public const uint FredEntries = Start + 0x4000;

    /// <summary>sys_call_table: addresses of the system calls.</summary>
    public const uint SyscallTable = Start + 0x4000;

    /// <summary>__ex_table: pairs of an instruction that may fault on a user address and the place to go on; ends with a zero pair.</summary>
    public const uint ExceptionTable = Start + 0x4800;

    /// <summary>The one task.</summary>
    public const uint TaskStruct = Start + 0x4c00;

    /// <summary>Global descriptor table.</summary>
    public const uint Gdt = Start + 0x5000;

    /// <summary>Interrupt descriptor table.</summary>
    public const uint Idt = Start + 0x6000;

    /// <summary>Task-state segment, with the small stack on which SYSENTER starts at its end.</summary>
    public const uint Tss = Start + 0x8000;

    /// <summary>Task-state segment of the double-fault task.</summary>
    public const uint DoubleFaultTss = Start + 0xa400;

    /// <summary>Top of the double-fault task's stack.</summary>
    public const uint DoubleFaultStackTop = Start + 0xc000;

    /// <summary>Page-table entries that the monitor wants written: a <see cref="PageTableUpdates"/>, one page.</summary>
    public const uint PageTableUpdates = Start + 0xc000;

    /// <summary>The task's kernel stack, with its thread_info at the lowest address; aligned to its size.</summary>
    public const uint ThreadUnion = Start + 0xe000;

    /// <summary>THREAD_SIZE.</summary>
    public const uint ThreadSize = 0x2000;

    /// <summary>First byte after the kernel.</summary>
    public const uint End = ThreadUnion + ThreadSize;

    /// <summary>ESP0: Linux leaves eight bytes at the top, for a frame without SS and ESP may be looked at as one with them.</summary>
    public const uint KernelStack = ThreadUnion + ThreadSize - 8;

    /// <summary>Physical memory from here on is handed out frame by frame.</summary>
    public const uint FirstFreeFrame = 0x200000;

    /// <summary>The guest-physical address of a kernel address.</summary>
    public static uint Physical(uint kernelAddress) => kernelAddress - PageOffset;
}
