// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Paging;

/// <summary>
/// Compile-time virtual addresses with run-time physical ones, as Linux 2.6.12's fixmap has them on i386: slot n lies n pages below
/// <see cref="Top"/>. Slot 0 is never mapped, so that running off the end of the address space faults.
/// </summary>
public static class Fixmap
{
    /// <summary>FIXADDR_TOP: the unmapped page at the end.</summary>
    public const uint Top = 0xfffff000;

    /// <summary>FIX_VSYSCALL: the slot of the page through which programs enter the kernel.</summary>
    public const int Vsyscall = 1;

    /// <summary>The slot that the 2005 article adds for its Hello,World page.</summary>
    public const int HelloWorld = 2;

    /// <summary>The last slot that shares the vsyscall page's page table.</summary>
    public const int Last = 1023;

    /// <summary>Virtual address of a slot: __fix_to_virt. Slot 1 is 0xffffe000, slot 2 is 0xffffd000.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The slot is the guard page or beyond <see cref="Last"/>.</exception>
    public static uint AddressOf(int slot)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slot, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(slot, Last);
        return Top - ((uint)slot * PageTableBuilder.PageSize);
    }
}
