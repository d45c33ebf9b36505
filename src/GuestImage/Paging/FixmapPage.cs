// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Paging;

/// <summary>A page at a fixed virtual address in a frame that nobody chose.</summary>
/// <param name="Name">What it holds.</param>
/// <param name="Slot">Slot of the fixmap.</param>
/// <param name="PhysicalAddress">The frame.</param>
/// <param name="Flags">Flags of its page-table entry.</param>
public sealed record FixmapPage(string Name, int Slot, uint PhysicalAddress, PageFlags Flags)
{
    /// <summary>The fixed address.</summary>
    public uint VirtualAddress => Fixmap.AddressOf(Slot);
}
