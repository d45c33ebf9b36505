// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Kvmsys.Guest.Paging;

/// <summary>Builds page tables, and puts pages with contents behind them.</summary>
public sealed class PageTableBuilder
{
    /// <summary>Bytes of a small page, and of a table.</summary>
    public const uint PageSize = 4096;

    private readonly FrameAllocator _frames;
    private readonly PagingMode _mode;

    // By guest-physical address; the first level's is one of them.
    private readonly SortedDictionary<uint, byte[]> _tables = [];

    /// <summary>Starts with an empty table of the first level in a free frame.</summary>
    /// <param name="frames">Where tables and pages get their frames.</param>
    /// <param name="mode">The tables' shape.</param>
    public PageTableBuilder(FrameAllocator frames, PagingMode mode)
    {
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentNullException.ThrowIfNull(mode);
        _frames = frames;
        _mode = mode;
        Root = NewTable();
    }

    /// <summary>Guest-physical address of the first level's table, for CR3.</summary>
    public uint Root { get; }

    /// <summary>The tables, each a page, by guest-physical address.</summary>
    public IEnumerable<PhysicalRange> Tables => _tables.Select(table => new PhysicalRange(table.Key, table.Value));

    /// <summary>
    /// Maps one page of 4 KiB. The entries above it are made with <see cref="LinuxProtection.PageTable"/>; the page's own flags decide.
    /// </summary>
    /// <param name="virtualAddress">Page aligned.</param>
    /// <param name="physicalAddress">Page aligned.</param>
    /// <param name="flags">With <see cref="PageFlags.Present"/>, without <see cref="PageFlags.Large"/>.</param>
    /// <exception cref="ArgumentException">An address is not aligned, or the flags do not fit a small page.</exception>
    /// <exception cref="InvalidOperationException">The address is mapped already, or no frame is free for a table.</exception>
    public void Map(uint virtualAddress, uint physicalAddress, PageFlags flags)
    {
        Check(virtualAddress, physicalAddress, PageSize, flags, large: false);
        Map(virtualAddress, physicalAddress | (uint)flags, _mode.Levels[^1]);
    }

    /// <summary>Maps one page of <see cref="PagingMode.LargePageSize"/>.</summary>
    /// <param name="virtualAddress">Aligned to a large page.</param>
    /// <param name="physicalAddress">Aligned to a large page.</param>
    /// <param name="flags">With <see cref="PageFlags.Present"/> and <see cref="PageFlags.Large"/>.</param>
    /// <exception cref="ArgumentException">An address is not aligned, or the flags do not fit a large page.</exception>
    /// <exception cref="InvalidOperationException">The address is mapped already, or no frame is free for a table.</exception>
    public void MapLarge(uint virtualAddress, uint physicalAddress, PageFlags flags)
    {
        Check(virtualAddress, physicalAddress, _mode.LargePageSize, flags, large: true);
        Map(virtualAddress, physicalAddress | (uint)flags, _mode.Levels[^2]);
    }

    /// <summary>Maps one page of 4 KiB in a free frame.</summary>
    /// <param name="virtualAddress">Page aligned.</param>
    /// <param name="bytes">The page's contents, a page at most; the rest is zero.</param>
    /// <param name="flags">As for <see cref="Map(uint, uint, PageFlags)"/>.</param>
    /// <returns>The page.</returns>
    /// <exception cref="ArgumentException">The address is not aligned, or the flags do not fit a small page.</exception>
    /// <exception cref="InvalidOperationException">The address is mapped already, or no frame is free.</exception>
    public PhysicalRange MapNewPage(uint virtualAddress, ReadOnlyMemory<byte> bytes, PageFlags flags)
    {
        uint frame = _frames.Allocate();
        Map(virtualAddress, frame, flags);
        byte[] contents = new byte[PageSize];
        bytes.CopyTo(contents);
        return new PhysicalRange(frame, contents);
    }

    /// <summary>Maps as many pages as some bytes need, each as <see cref="MapNewPage"/> does.</summary>
    /// <returns>The pages in the order of their virtual addresses.</returns>
    public IReadOnlyList<PhysicalRange> MapNewPages(uint virtualAddress, ReadOnlyMemory<byte> bytes, PageFlags flags)
    {
        List<PhysicalRange> pages = [];
        for (int offset = 0; offset < bytes.Length; offset += (int)PageSize)
        {
            int end = Math.Min(bytes.Length, offset + (int)PageSize);
            pages.Add(MapNewPage(virtualAddress + (uint)offset, bytes[offset..end], flags));
        }

        return pages;
    }

    /// <summary>A second table of the first level that maps what is mapped by now, by the same tables of the other levels.</summary>
    /// <returns>Its guest-physical address.</returns>
    /// <exception cref="InvalidOperationException">No frame is free.</exception>
    public uint CopyRoot()
    {
        uint copy = NewTable();
        _tables[Root].CopyTo(_tables[copy], 0);
        return copy;
    }

    private static void Check(uint virtualAddress, uint physicalAddress, uint size, PageFlags flags, bool large)
    {
        if (virtualAddress % size != 0 || physicalAddress % size != 0)
        {
            throw new ArgumentException($"0x{virtualAddress:x8} to 0x{physicalAddress:x8} is not aligned to 0x{size:x}.", nameof(virtualAddress));
        }

        if (((flags & PageFlags.Large) != 0) != large || (flags & PageFlags.Present) == 0)
        {
            throw new ArgumentException($"A page of 0x{size:x} bytes cannot have the flags {flags}.", nameof(flags));
        }
    }

    private void Map(uint virtualAddress, uint entry, PagingLevel last)
    {
        uint table = Root;
        foreach (PagingLevel level in _mode.Levels)
        {
            Span<byte> place = _tables[table].AsSpan((int)_mode.EntryOffset(level, virtualAddress));
            uint existing = BinaryPrimitives.ReadUInt32LittleEndian(place);
            if (existing != 0 && (level == last || (level.MapsLargePages && ((PageFlags)existing & PageFlags.Large) != 0)))
            {
                throw new InvalidOperationException($"0x{virtualAddress:x8} is mapped already.");
            }

            if (level == last)
            {
                // What is mapped lies below 4 GiB: the high half of a 64-bit entry is zero.
                BinaryPrimitives.WriteUInt32LittleEndian(place, entry);
                return;
            }

            if (existing == 0)
            {
                existing = NewTable() | (uint)LinuxProtection.PageTable;
                BinaryPrimitives.WriteUInt32LittleEndian(place, existing);
            }

            table = existing & ~(PageSize - 1);
        }
    }

    private uint NewTable()
    {
        uint frame = _frames.Allocate();
        _tables.Add(frame, new byte[PageSize]);
        return frame;
    }
}
