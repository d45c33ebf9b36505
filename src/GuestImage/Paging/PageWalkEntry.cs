// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Kvmsys.Guest.Paging;

/// <summary>One entry that a page walk has read.</summary>
/// <param name="Name">The level's <see cref="PagingLevel.EntryName"/>.</param>
/// <param name="Address">Its guest-physical address.</param>
/// <param name="Value">The entry; null when no memory is there.</param>
public readonly record struct PageWalkEntry(string Name, uint Address, ulong? Value)
{
    /// <summary>The entry's flags; none where no memory is.</summary>
    public PageFlags Flags => (PageFlags)(uint)(Value ?? 0);

    /// <summary>The entry in words.</summary>
    public override string ToString()
    {
        string value = Value is not ulong entry ? "lies outside memory"
            : Flags.HasFlag(PageFlags.Present) ? string.Create(CultureInfo.InvariantCulture, $"= 0x{entry:x8}")
            : string.Create(CultureInfo.InvariantCulture, $"= 0x{entry:x8} (not present)");
        return string.Create(CultureInfo.InvariantCulture, $"{Name} at 0x{Address:x8} {value}");
    }
}
