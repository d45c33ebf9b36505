// SPDX-License-Identifier: MIT

using System.Buffers.Binary;

namespace Kvmsys.Guest.Paging;

/// <summary>Builds two-level 32-bit page tables (SDM Vol. 3, 4.3): a directory of 1024 entries, tables of 1024 entries, 4 KiB and 4 MiB pages.</summary>
public sealed class PageTableBuilder
{
    /// <summary>Bytes of a small page.</summary>
    public const uint PageSize = 4096;

    /// <summary>Bytes of a large page.</summary>
    public const uint LargePageSize = 4 << 20;

    private const int EntrySize = sizeof(uint);
    private const uint IndexMask = 0x3ff;
    private const int DirectoryShift = 22;
    private const int TableShift = 12;

    private readonly FrameAllocator _frames;

    // Tables by their guest-physical address; the directory is one of them.
    private readonly SortedDictionary<uint, byte[]> _tables = [];

    /// <summary>Starts with an empty directory in a free frame.</summary>
    public PageTableBuilder(FrameAllocator frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        _frames = frames;
        Directory = NewTable();
    }

    /// <summary>Guest-physical address of the directory, for CR3.</summary>
    public uint Directory { get; }

    /// <summary>The directory and the tables, each a page, by guest-physical address.</summary>
    public IEnumerable<PhysicalRange> Tables => _tables.Select(table => new PhysicalRange(table.Key, table.Value));

    /// <summary>Maps one page of 4 KiB. The directory entry is made with <see cref="LinuxProtection.PageTable"/>; the page's own flags decide.</summary>
    /// <param name="virtualAddress">Page aligned.</param>
    /// <param name="physicalAddress">Page aligned.</param>
    /// <param name="flags">With <see cref="PageFlags.Present"/>, without <see cref="PageFlags.Large"/>.</param>
    /// <exception cref="ArgumentException">An address is not aligned, or the flags do not fit a small page.</exception>
    /// <exception cref="InvalidOperationException">The address is mapped already, or no frame is free for the table.</exception>
    public void Map(uint virtualAddress, uint physicalAddress, PageFlags flags)
    {
        Check(virtualAddress, physicalAddress, PageSize, flags, large: false);
        uint directoryEntry = Read(Directory, virtualAddress >> DirectoryShift);
        if (directoryEntry == 0)
        {
            directoryEntry = NewTable() | (uint)LinuxProtection.PageTable;
            Write(Directory, virtualAddress >> DirectoryShift, directoryEntry);
        }
        else if (((PageFlags)directoryEntry & PageFlags.Large) != 0)
        {
            throw AlreadyMapped(virtualAddress);
        }

        uint table = directoryEntry & ~(PageSize - 1);
        uint index = (virtualAddress >> TableShift) & IndexMask;
        if (Read(table, index) != 0)
        {
            throw AlreadyMapped(virtualAddress);
        }

        Write(table, index, physicalAddress | (uint)flags);
    }

    /// <summary>Maps one page of 4 MiB.</summary>
    /// <param name="virtualAddress">Aligned to 4 MiB.</param>
    /// <param name="physicalAddress">Aligned to 4 MiB.</param>
    /// <param name="flags">With <see cref="PageFlags.Present"/> and <see cref="PageFlags.Large"/>.</param>
    /// <exception cref="ArgumentException">An address is not aligned, or the flags do not fit a large page.</exception>
    /// <exception cref="InvalidOperationException">The address is mapped already.</exception>
    public void MapLarge(uint virtualAddress, uint physicalAddress, PageFlags flags)
    {
        Check(virtualAddress, physicalAddress, LargePageSize, flags, large: true);
        if (Read(Directory, virtualAddress >> DirectoryShift) != 0)
        {
            throw AlreadyMapped(virtualAddress);
        }

        Write(Directory, virtualAddress >> DirectoryShift, physicalAddress | (uint)flags);
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

    private static InvalidOperationException AlreadyMapped(uint virtualAddress) => new($"0x{virtualAddress:x8} is mapped already.");

    private uint NewTable()
    {
        uint frame = _frames.Allocate();
        _tables.Add(frame, new byte[PageSize]);
        return frame;
    }

    private uint Read(uint table, uint index) =>
        BinaryPrimitives.ReadUInt32LittleEndian(_tables[table].AsSpan((int)index * EntrySize));

    private void Write(uint table, uint index, uint entry) =>
        BinaryPrimitives.WriteUInt32LittleEndian(_tables[table].AsSpan((int)index * EntrySize), entry);
}
