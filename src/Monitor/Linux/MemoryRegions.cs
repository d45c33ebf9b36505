// SPDX-License-Identifier: MIT

using System.Collections;
using Kvmsys.Guest.Elf;
using Kvmsys.Guest.Kernel;

namespace Kvmsys.Monitor.Linux;

/// <summary>A program's regions by address, none of which touches another that is like it. <see cref="AddressSpace"/> alone changes them.</summary>
internal sealed class MemoryRegions : IReadOnlyList<MemoryRegion>
{
    /// <summary>vm.max_map_count: regions that a program may have.</summary>
    public const int Max = 65530;

    /// <summary>Where mappings start, downwards: Linux leaves 128 MiB for the stack.</summary>
    public const uint MapBase = KernelLayout.PageOffset - (128 << 20);

    private readonly List<MemoryRegion> _regions = [];

    /// <inheritdoc/>
    public int Count => _regions.Count;

    /// <summary>Whether there may be as many more regions as one call can make of one: it splits it in three.</summary>
    public bool MaySplit => Count <= Max - 2;

    /// <inheritdoc/>
    public MemoryRegion this[int index] => _regions[index];

    /// <summary>The region of an address.</summary>
    public MemoryRegion? At(uint address) => AtOrAbove(address) is MemoryRegion region && region.Start <= address ? region : null;

    /// <summary>The region of an address, or the next above it.</summary>
    public MemoryRegion? AtOrAbove(uint address)
    {
        int index = IndexAt(address);
        return index < Count ? _regions[index] : null;
    }

    /// <summary>Whether every page of a range is mapped.</summary>
    public bool IsMapped(uint start, uint length) => MappedEnd(start, start + length) >= (ulong)start + length;

    /// <summary>Whether no page of a range is mapped.</summary>
    public bool IsFree(uint start, uint length) => AtOrAbove(start) is not MemoryRegion region || region.Start >= (ulong)start + length;

    /// <summary>Up to where every page from an address on is mapped; the address itself when its own is not.</summary>
    /// <param name="start">The address.</param>
    /// <param name="limit">From where on nobody asks.</param>
    public uint MappedEnd(uint start, uint limit)
    {
        uint end = start;
        for (int i = IndexAt(start); end < limit && i < Count && _regions[i].Start <= end; i++)
        {
            end = _regions[i].End;
        }

        return end;
    }

    /// <summary>Finds room for a new region: the highest that fits.</summary>
    /// <returns>False when there is none.</returns>
    public bool TryFindFree(uint length, out uint start)
    {
        uint top = MapBase;
        for (int i = Count - 1; i >= -1; i--)
        {
            uint bottom = Math.Max(i >= 0 ? _regions[i].End : 0, AddressSpace.MinAddress);
            if (bottom < top && top - bottom >= length)
            {
                start = top - length;
                return true;
            }

            top = i >= 0 ? Math.Min(top, _regions[i].Start) : top;
        }

        start = 0;
        return false;
    }

    /// <summary>Adds a region where nothing is.</summary>
    public void Add(MemoryRegion region)
    {
        _regions.Insert(IndexAt(region.Start), region);
        MergeAround(region.Start, region.End);
    }

    /// <summary>Takes a range away, of whatever regions it is.</summary>
    public void Remove(uint start, uint end)
    {
        int first = IndexAt(start);
        int behind = first;
        while (behind < Count && _regions[behind].Start < end)
        {
            behind++;
        }

        if (first == behind)
        {
            return;
        }

        // In one go: there may be tens of thousands.
        (MemoryRegion lowest, MemoryRegion highest) = (_regions[first], _regions[behind - 1]);
        _regions.RemoveRange(first, behind - first);
        if (highest.End > end)
        {
            _regions.Insert(first, highest with { Start = end });
        }

        if (lowest.Start < start)
        {
            _regions.Insert(first, lowest with { End = start });
        }
    }

    /// <summary>Gives a range that is all mapped another protection.</summary>
    public void Protect(uint start, uint end, SegmentFlags protection)
    {
        for (int i = IndexAt(start); i < Count && _regions[i].Start < end; i++)
        {
            MemoryRegion region = _regions[i];
            if (region.Start < start)
            {
                _regions[i] = region with { End = start };
                region = region with { Start = start };
                _regions.Insert(++i, region);
            }

            if (region.End > end)
            {
                _regions.Insert(i + 1, region with { Start = end });
                region = region with { End = end };
            }

            _regions[i] = region with { Protection = protection };
        }

        MergeAround(start, end);
    }

    /// <summary>Lets a region begin lower, where nothing is.</summary>
    public void GrowDown(MemoryRegion region, uint start) => _regions[IndexAt(region.Start)] = region with { Start = start };

    /// <summary>First address behind what lies below an address that is not mapped; 0 when nothing does.</summary>
    public uint EndBelow(uint address) => IndexAt(address) is > 0 and int index ? _regions[index - 1].End : 0;

    /// <inheritdoc/>
    public IEnumerator<MemoryRegion> GetEnumerator() => _regions.GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Index of the first region that ends above an address.</summary>
    private int IndexAt(uint address)
    {
        int low = 0;
        int high = Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_regions[middle].End <= address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>Makes one of neighbours that are alike.</summary>
    private void MergeAround(uint start, uint end)
    {
        int kept = Math.Max(IndexAt(start) - 1, 0);
        int next = kept + 1;
        for (; next < Count && _regions[kept].Start <= end; next++)
        {
            MemoryRegion first = _regions[kept];
            MemoryRegion second = _regions[next];
            if (first.End == second.Start && first.Protection == second.Protection && first.GrowsDown == second.GrowsDown)
            {
                _regions[kept] = first with { End = second.End };
            }
            else
            {
                _regions[++kept] = second;
            }
        }

        _regions.RemoveRange(kept + 1, next - kept - 1);
    }
}
