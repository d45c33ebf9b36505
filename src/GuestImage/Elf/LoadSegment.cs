// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using Kvmsys.Guest.Paging;

namespace Kvmsys.Guest.Elf;

/// <summary>A PT_LOAD that passed every check, at the address that it is loaded at.</summary>
/// <param name="Index">Which program header it is, from 0.</param>
/// <param name="Address">Virtual address of its first byte.</param>
/// <param name="Offset">File offset of its first byte.</param>
/// <param name="FileSize">Bytes in the file.</param>
/// <param name="MemorySize">Bytes in memory, at least one.</param>
/// <param name="Flags">What its memory may be used for.</param>
internal readonly record struct LoadSegment(int Index, uint Address, uint Offset, uint FileSize, uint MemorySize, SegmentFlags Flags)
{
    private const uint PageSize = FrameAllocator.FrameSize;

    /// <summary>First address behind it. It is below 4 GiB, which was checked.</summary>
    public uint End => Address + MemorySize;

    private bool HasBss => MemorySize > FileSize;

    /// <summary>The start of the page that an address lies in.</summary>
    public static uint PageStart(uint address) => address & ~(PageSize - 1);

    /// <summary>An address rounded up to the next page, unless it starts one.</summary>
    public static uint PageAlign(uint address) => PageStart(address + PageSize - 1);

    /// <summary>Whether any page of it is the file's: not when it has no bytes there and starts at a page.</summary>
    public static bool MapsFile(uint address, uint fileSize) => fileSize > 0 || PageStart(address) != address;

    /// <summary>
    /// The pages of a program's segments. Linux maps segments one after the other in the order of their headers, each in whole pages, so
    /// a page that two of them share at their edges holds what the later one maps there, with its rights. Linux 2.6 to 6.5 is meant.
    /// </summary>
    /// <param name="segments">In ascending order and disjoint, so that only edges can share a page.</param>
    /// <param name="file">The file.</param>
    public static ImmutableArray<ProgramSegment> MapAll(IReadOnlyList<LoadSegment> segments, ReadOnlyMemory<byte> file)
    {
        List<(LoadSegment Segment, uint Start, uint End)> runs = [];
        foreach (LoadSegment segment in segments)
        {
            uint start = PageStart(segment.Address);
            if (runs.Count > 0 && start < runs[^1].End)
            {
                (LoadSegment before, uint first, uint end) = runs[^1];
                if (before.Index > segment.Index)
                {
                    start += PageSize;
                }
                else
                {
                    // Which may leave nothing of it.
                    runs[^1] = (before, first, end - PageSize);
                }
            }

            if (start < PageAlign(segment.End))
            {
                runs.Add((segment, start, PageAlign(segment.End)));
            }
        }

        ImmutableArray<ProgramSegment>.Builder pages = ImmutableArray.CreateBuilder<ProgramSegment>(runs.Count);
        foreach ((LoadSegment segment, uint start, uint end) in runs)
        {
            segment.Map(start, end, file, pages);
        }

        return pages.ToImmutable();
    }

    // The pages between two addresses, as this segment leaves them: those of the file, then those of zeros. Linux gives the latter to
    // brk's kind of memory, which the program may read and write whatever the segment's own flags are.
    private void Map(uint start, uint end, ReadOnlyMemory<byte> file, ImmutableArray<ProgramSegment>.Builder pages)
    {
        const SegmentFlags brk = SegmentFlags.Read | SegmentFlags.Write;
        uint endOfFile = MapsFile(Address, FileSize) ? PageAlign(Address + FileSize) : PageStart(Address);
        SegmentFlags zeroFlags = brk | (Flags & SegmentFlags.Execute);
        uint border = Flags == zeroFlags ? end : Math.Clamp(endOfFile, start, end);
        if (start < border)
        {
            pages.Add(new(start, Contents(start, Math.Min(border, endOfFile), file), border - start, Flags));
        }

        if (border < end)
        {
            pages.Add(new(border, default, end - border, zeroFlags));
        }
    }

    // A page of the file is mapped whole: around the segment's bytes are the file's neighbours. Only where a bss follows is the rest of
    // the last page cleared, which Linux does as the program would and therefore cannot in a page that is not writable.
    private ReadOnlyMemory<byte> Contents(uint start, uint end, ReadOnlyMemory<byte> file)
    {
        if (HasBss && Flags.HasFlag(SegmentFlags.Write))
        {
            end = Math.Min(end, Address + FileSize);
        }

        long from = (long)Offset + start - Address;
        long to = Math.Min(from + end - start, file.Length);
        return from < to && start < end ? file[(int)from..(int)to] : default;
    }
}
