// SPDX-License-Identifier: MIT

using System.Collections.Immutable;

namespace Kvmsys.Guest.Paging;

/// <summary>The shape of the page tables that a CPU walks (SDM Vol. 3, 4.1.1, table 4-1).</summary>
public sealed class PagingMode
{
    private PagingMode(int entrySize, params ImmutableArray<PagingLevel> levels)
    {
        EntrySize = entrySize;
        Levels = levels;
    }

    /// <summary>32-bit paging with CR4.PSE: two levels, pages of 4 KiB and 4 MiB (SDM Vol. 3, 4.3).</summary>
    public static PagingMode ThirtyTwoBit { get; } = new(
        sizeof(uint),
        new("directory entry", 22, MapsLargePages: true),
        new("table entry", 12, MapsLargePages: false));

    /// <summary>4-level paging, IA-32e mode's: pages of 4 KiB, 2 MiB and 1 GiB (SDM Vol. 3, 4.5).</summary>
    public static PagingMode FourLevel { get; } = new(
        sizeof(ulong),
        new("PML4 entry", 39, MapsLargePages: false),
        new("directory-pointer entry", 30, MapsLargePages: true),
        new("directory entry", 21, MapsLargePages: true),
        new("table entry", 12, MapsLargePages: false));

    /// <summary>Bytes of an entry; a table is a page of them.</summary>
    public int EntrySize { get; }

    /// <summary>The levels, CR3's first.</summary>
    public ImmutableArray<PagingLevel> Levels { get; }

    /// <summary>Bytes of a page that a directory entry maps.</summary>
    public uint LargePageSize => 1u << Levels[^2].Shift;

    /// <summary>Where in a level's table the entry for a linear address lies, in bytes.</summary>
    internal uint EntryOffset(PagingLevel level, uint linearAddress) =>
        (uint)((ulong)linearAddress >> level.Shift) % (PageTableBuilder.PageSize / (uint)EntrySize) * (uint)EntrySize;
}
