// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Elf;

namespace Kvmsys.Guest.Paging;

/// <summary>The combinations of page flags that Linux 2.6.12 uses on i386 without PAE, under Linux's names.</summary>
public static class LinuxProtection
{
    /// <summary>_PAGE_TABLE: an entry that points to a table; the table's entries decide.</summary>
    public const PageFlags PageTable = PageFlags.Present | PageFlags.Write | PageFlags.User | PageFlags.Accessed | PageFlags.Dirty;

    /// <summary>PAGE_KERNEL_LARGE_EXEC: a large page of kernel memory.</summary>
    public const PageFlags PageKernelLargeExec = PageFlags.Present | PageFlags.Write | PageFlags.Accessed | PageFlags.Dirty | PageFlags.Large;

    /// <summary>PAGE_READONLY_EXEC: user code, and the vsyscall page. Without PAE there is no bit that forbids execution.</summary>
    public const PageFlags PageReadonlyExec = PageFlags.Present | PageFlags.User | PageFlags.Accessed;

    /// <summary>
    /// PAGE_NONE: the frame is kept, and nobody may use it. Linux has a bit of its own for that; here it is A, so that the entry is not empty.
    /// </summary>
    public const PageFlags PageNone = PageFlags.Accessed;

    /// <summary>PAGE_SHARED: user data and stack, already written.</summary>
    public const PageFlags PageShared = PageFlags.Present | PageFlags.Write | PageFlags.User | PageFlags.Accessed | PageFlags.Dirty;

    /// <summary>The flags for a program's memory. Without PAE what can be read can be executed, and what can be written can be read.</summary>
    public static PageFlags Of(SegmentFlags flags) =>
        flags.HasFlag(SegmentFlags.Write) ? PageShared : flags == SegmentFlags.None ? PageNone : PageReadonlyExec;
}
