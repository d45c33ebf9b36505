// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Paging;

/// <summary>The combinations of page flags that Linux 2.6.12 uses on i386 without PAE, under Linux's names.</summary>
public static class LinuxProtection
{
    /// <summary>_PAGE_TABLE: a directory entry that points to a table; the table's entries decide.</summary>
    public const PageFlags PageTable = PageFlags.Present | PageFlags.Write | PageFlags.User | PageFlags.Accessed | PageFlags.Dirty;

    /// <summary>PAGE_KERNEL_LARGE_EXEC: 4 MiB of kernel memory.</summary>
    public const PageFlags PageKernelLargeExec = PageFlags.Present | PageFlags.Write | PageFlags.Accessed | PageFlags.Dirty | PageFlags.Large;

    /// <summary>PAGE_READONLY_EXEC: user code, and the vsyscall page. Without PAE there is no bit that forbids execution.</summary>
    public const PageFlags PageReadonlyExec = PageFlags.Present | PageFlags.User | PageFlags.Accessed;

    /// <summary>PAGE_SHARED: user data and stack, already written.</summary>
    public const PageFlags PageShared = PageFlags.Present | PageFlags.Write | PageFlags.User | PageFlags.Accessed | PageFlags.Dirty;
}
