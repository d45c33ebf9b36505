// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Kernel;

/// <summary>Offsets in Linux 2.6.12's struct thread_info on i386, which lies at the lowest address of a kernel stack.</summary>
public static class ThreadInfo
{
    /// <summary>Pointer to the task.</summary>
    public const int Task = 0x00;

    /// <summary>TIF_ flags.</summary>
    public const int Flags = 0x08;

    /// <summary>TIF_SINGLESTEP: SYSENTER carried the trap flag into the kernel; it is set again on the way back.</summary>
    public const uint SingleStep = 1 << 4;

    /// <summary>TIF_IRET: every register is to be restored on the way back, which SYSEXIT cannot do.</summary>
    public const uint Iret = 1 << 5;
}
