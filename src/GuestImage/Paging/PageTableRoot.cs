// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Cpu;

namespace Kvmsys.Guest.Paging;

/// <summary>Page tables in guest-physical memory, as a CPU's control registers point to them.</summary>
/// <param name="Address">Guest-physical address of the first level's table.</param>
/// <param name="Mode">The tables' shape.</param>
public readonly record struct PageTableRoot(uint Address, PagingMode Mode)
{
    /// <summary>The tables of a CPU that has paging on. No guest here uses PAE paging, the third shape.</summary>
    /// <param name="cr3">CR3; its low bits are flags.</param>
    /// <param name="efer">IA32_EFER.</param>
    public static PageTableRoot Of(ulong cr3, Efer efer) => new(
        (uint)cr3 & ~(PageTableBuilder.PageSize - 1),
        efer.HasFlag(Efer.LongModeActive) ? PagingMode.FourLevel : PagingMode.ThirtyTwoBit);
}
