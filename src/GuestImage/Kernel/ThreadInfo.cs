// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Kernel;

/// <summary>Offsets in Linux 2.6.12's struct thread_info on i386, which lies at the lowest address of a kernel stack.</summary>
internal static class ThreadInfo
{
    /// <summary>Pointer to the task.</summary>
    public const int Task = 0x00;

    /// <summary>TIF_ flags.</summary>
    public const int Flags = 0x08;
}
