// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Paging;

/// <summary>A linear address walked through 32-bit page tables by software, step by step as the CPU does it (SDM Vol. 3, figures 4-2 and 4-3).</summary>
public sealed record PageWalk
{
    private const uint EntrySize = 4;

    private PageWalk(uint linearAddress) => LinearAddress = linearAddress;

    /// <summary>The address walked.</summary>
    public uint LinearAddress { get; }

    /// <summary>Guest-physical address of the directory entry.</summary>
    public uint DirectoryEntryAddress { get; private init; }

    /// <summary>The directory entry; null when no memory is where CR3 points.</summary>
    public uint? DirectoryEntry { get; private init; }

    /// <summary>Guest-physical address of the table entry; null when the walk ends at the directory.</summary>
    public uint? TableEntryAddress { get; private init; }

    /// <summary>The table entry; null when the walk ends at the directory or no memory is where the directory points.</summary>
    public uint? TableEntry { get; private init; }

    /// <summary>The guest-physical address; null when the address is not mapped.</summary>
    public uint? PhysicalAddress { get; private init; }

    /// <summary>Whether ring 3 may read it.</summary>
    public bool UserAccessible { get; private init; }

    /// <summary>Whether it may be written (by ring 0 too, when CR0.WP is set).</summary>
    public bool Writable { get; private init; }

    /// <summary>Walks an address with CR4.PSE set.</summary>
    /// <param name="memory">Where the tables lie.</param>
    /// <param name="cr3">CR3.</param>
    /// <param name="linearAddress">The address.</param>
    public static PageWalk Walk(IPhysicalMemory memory, uint cr3, uint linearAddress)
    {
        ArgumentNullException.ThrowIfNull(memory);
        uint directoryEntryAddress = (cr3 & ~0xfffu) + ((linearAddress >> 22) * EntrySize);
        PageWalk walk = new(linearAddress) { DirectoryEntryAddress = directoryEntryAddress };
        if (!memory.TryReadUInt32(directoryEntryAddress, out uint directoryEntry))
        {
            return walk;
        }

        walk = walk with { DirectoryEntry = directoryEntry };
        PageFlags flags = (PageFlags)directoryEntry;
        if (!flags.HasFlag(PageFlags.Present))
        {
            return walk;
        }

        if (flags.HasFlag(PageFlags.Large))
        {
            return walk.Mapped((directoryEntry & ~(PageTableBuilder.LargePageSize - 1)) | (linearAddress & (PageTableBuilder.LargePageSize - 1)), flags);
        }

        uint tableEntryAddress = (directoryEntry & ~0xfffu) + (((linearAddress >> 12) & 0x3ff) * EntrySize);
        walk = walk with { TableEntryAddress = tableEntryAddress };
        if (!memory.TryReadUInt32(tableEntryAddress, out uint tableEntry))
        {
            return walk;
        }

        walk = walk with { TableEntry = tableEntry };
        PageFlags pageFlags = (PageFlags)tableEntry;
        return pageFlags.HasFlag(PageFlags.Present)
            ? walk.Mapped((tableEntry & ~0xfffu) | (linearAddress & 0xfff), flags & pageFlags)
            : walk;
    }

    /// <summary>The walk step by step, for people: each entry with its address, and where it ends.</summary>
    public IEnumerable<string> Steps
    {
        get
        {
            yield return $"directory entry at 0x{DirectoryEntryAddress:x8} {Entry(DirectoryEntry)}";
            if (TableEntryAddress is uint address)
            {
                yield return $"table entry at 0x{address:x8} {Entry(TableEntry)}";
            }

            yield return PhysicalAddress is uint physical
                ? $"physical 0x{physical:x8}, {(UserAccessible ? "user" : "supervisor")}, {(Writable ? "writable" : "read-only")}"
                : "not mapped";
        }
    }

    /// <summary>The address and the <see cref="Steps"/> in one line.</summary>
    public override string ToString() => $"0x{LinearAddress:x8}: {string.Join(", ", Steps)}";

    private PageWalk Mapped(uint physicalAddress, PageFlags both) => this with
    {
        PhysicalAddress = physicalAddress,
        UserAccessible = both.HasFlag(PageFlags.User),
        Writable = both.HasFlag(PageFlags.Write),
    };

    private static string Entry(uint? entry) => entry switch
    {
        null => "lies outside memory",
        uint value when ((PageFlags)value & PageFlags.Present) == 0 => $"= 0x{value:x8} (not present)",
        uint value => $"= 0x{value:x8}",
    };
}
