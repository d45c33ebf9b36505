// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Kernel;

/// <summary>
/// Offsets in the page in which a monitor leaves changes of the guest's page tables. The guest's kernel writes its tables itself, after each
/// call of the monitor: where KVM has shadow page tables it sees what a guest writes, and nothing else.
/// </summary>
public static class PageTableUpdates
{
    /// <summary>How many entries are to be written.</summary>
    public const int Count = 0;

    /// <summary>Not 0 when the monitor has more of them: the kernel asks by <see cref="MonitorPort.MoreUpdates"/>.</summary>
    public const int More = 4;

    /// <summary>The first entry: the virtual address of a page-table entry, and its new value. The kernel takes the last entry first.</summary>
    public const int Entries = 8;

    /// <summary>Bytes of an entry.</summary>
    public const int EntrySize = 8;

    /// <summary>Entries that the page has room for.</summary>
    public const int Capacity = ((int)Paging.PageTableBuilder.PageSize - Entries) / EntrySize;
}
