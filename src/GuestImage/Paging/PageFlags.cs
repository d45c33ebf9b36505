// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Paging;

/// <summary>Bits of an entry of a page table of any level; in 64-bit entries they are the same (SDM Vol. 3, tables 4-4 to 4-6 and 4-15 to 4-20).</summary>
[Flags]
public enum PageFlags : uint
{
    /// <summary>Not mapped.</summary>
    None = 0,

    /// <summary>P: the entry maps something.</summary>
    Present = 1 << 0,

    /// <summary>R/W: writes are allowed.</summary>
    Write = 1 << 1,

    /// <summary>U/S: ring 3 may access.</summary>
    User = 1 << 2,

    /// <summary>A: the entry has been used.</summary>
    Accessed = 1 << 5,

    /// <summary>D: the page has been written.</summary>
    Dirty = 1 << 6,

    /// <summary>PS: a directory entry that maps a large page (with 32-bit paging it needs CR4.PSE).</summary>
    Large = 1 << 7,

    /// <summary>G: it stays in the TLB when CR3 is written (with CR4.PGE).</summary>
    Global = 1 << 8,
}
