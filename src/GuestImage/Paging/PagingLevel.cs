// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Paging;

/// <summary>One level of page tables.</summary>
/// <param name="EntryName">What the SDM calls an entry of it, without "page".</param>
/// <param name="Shift">The linear address's lowest bit of those that choose the entry: one entry covers 1 &lt;&lt; Shift bytes.</param>
/// <param name="MapsLargePages">Whether an entry with <see cref="PageFlags.Large"/> maps a page itself; elsewhere the bit means something else.</param>
public readonly record struct PagingLevel(string EntryName, int Shift, bool MapsLargePages);
