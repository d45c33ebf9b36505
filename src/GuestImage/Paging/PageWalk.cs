// SPDX-License-Identifier: MIT

using System.Collections.Immutable;

namespace Kvmsys.Guest.Paging;

/// <summary>A linear address walked through page tables by software, step by step as the CPU does it (SDM Vol. 3, figures 4-2, 4-3 and 4-8 to 4-10).</summary>
public sealed record PageWalk
{
    // Bits 51 to 12; in a 32-bit entry there are none above 31.
    private const ulong AddressMask = 0x000ffffffffff000;

    private PageWalk(uint linearAddress) => LinearAddress = linearAddress;

    /// <summary>The address walked.</summary>
    public uint LinearAddress { get; }

    /// <summary>The entries that were read, the first level's first. The last one maps the page, or is where the walk ends.</summary>
    public required ImmutableArray<PageWalkEntry> Entries { get; init; }

    /// <summary>The guest-physical address; null when the address is not mapped, or to above 4 GiB, where no guest has memory.</summary>
    public uint? PhysicalAddress { get; private init; }

    /// <summary>Whether ring 3 may read it.</summary>
    public bool UserAccessible { get; private init; }

    /// <summary>Whether it may be written (by ring 0 too, when CR0.WP is set).</summary>
    public bool Writable { get; private init; }

    /// <summary>Walks an address.</summary>
    /// <param name="memory">Where the tables lie.</param>
    /// <param name="root">The tables.</param>
    /// <param name="linearAddress">The address.</param>
    public static PageWalk Walk(IPhysicalMemory memory, PageTableRoot root, uint linearAddress)
    {
        ArgumentNullException.ThrowIfNull(memory);
        PagingMode mode = root.Mode;
        ImmutableArray<PageWalkEntry>.Builder entries = ImmutableArray.CreateBuilder<PageWalkEntry>(mode.Levels.Length);
        uint table = root.Address;

        // Every level must allow an access.
        PageFlags allowed = PageFlags.User | PageFlags.Write;
        foreach (PagingLevel level in mode.Levels)
        {
            uint address = table + mode.EntryOffset(level, linearAddress);
            PageWalkEntry entry = new(level.EntryName, address, Read(memory, address, mode.EntrySize));
            entries.Add(entry);
            ulong target = entry.Value.GetValueOrDefault() & AddressMask;
            if (!entry.Flags.HasFlag(PageFlags.Present) || target > uint.MaxValue)
            {
                break;
            }

            allowed &= entry.Flags;
            if (level.Shift == mode.Levels[^1].Shift || (level.MapsLargePages && entry.Flags.HasFlag(PageFlags.Large)))
            {
                uint offsetMask = (1u << level.Shift) - 1;
                return new PageWalk(linearAddress)
                {
                    Entries = entries.DrainToImmutable(),
                    PhysicalAddress = ((uint)target & ~offsetMask) | (linearAddress & offsetMask),
                    UserAccessible = allowed.HasFlag(PageFlags.User),
                    Writable = allowed.HasFlag(PageFlags.Write),
                };
            }

            table = (uint)target;
        }

        return new PageWalk(linearAddress) { Entries = entries.DrainToImmutable() };
    }

    /// <summary>The walk step by step, for people: each entry with its address, and where it ends.</summary>
    public IEnumerable<string> Steps =>
    [
        .. Entries.Select(entry => entry.ToString()),
        PhysicalAddress is uint physical
            ? $"physical 0x{physical:x8}, {(UserAccessible ? "user" : "supervisor")}, {(Writable ? "writable" : "read-only")}"
            : Entries[^1].Flags.HasFlag(PageFlags.Present) ? "which is above 4 GiB" : "not mapped",
    ];

    /// <summary>The address and the <see cref="Steps"/> in one line.</summary>
    public override string ToString() => $"0x{LinearAddress:x8}: {string.Join(", ", Steps)}";

    private static ulong? Read(IPhysicalMemory memory, uint address, int size)
    {
        uint high = 0;
        return memory.TryReadUInt32(address, out uint low) && (size == sizeof(uint) || memory.TryReadUInt32(address + sizeof(uint), out high))
            ? (ulong)high << 32 | low
            : null;
    }
}
