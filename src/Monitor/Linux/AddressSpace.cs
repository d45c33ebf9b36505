// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Kvmsys.Guest;
using Kvmsys.Guest.Elf;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>
/// A program's memory below PAGE_OFFSET: which pages it has, which of them have a frame, and what changes of the page tables the guest's
/// kernel must still write. A page gets its frame when it is first touched, by the program or by a system call.
/// </summary>
/// <remarks>
/// Everything that a program passes as an address comes through here and is held against its own regions: a bad one is an answer, never a
/// fault of the monitor.
/// </remarks>
internal sealed class AddressSpace
{
    /// <summary>Linux's usual RLIMIT_STACK, in bytes.</summary>
    public const uint DefaultStackLimit = 8 << 20;

    /// <summary>vm.mmap_min_addr of today's Linux: below, nothing is mapped, so that a null pointer faults.</summary>
    public const uint MinAddress = 0x10000;

    // stack_guard_gap: the stack does not grow closer than that to what lies below it.
    private const uint StackGuardGap = 256 * PageSize;

    // Pages are given together up to the next multiple of this.
    private const uint FaultAround = 64 << 10;

    private const uint PageSize = PageTableBuilder.PageSize;
    private const uint PageMask = PageSize - 1;
    private const int TableEntries = 1024;
    private const int DirectoryShift = 22;

    private readonly GuestRam _ram;
    private readonly FrameAllocator _frames;
    private readonly uint _directory;

    // The program's page tables as they will be once the guest's kernel has written all updates.
    private readonly PageTable?[] _tables = new PageTable?[(int)(KernelLayout.PageOffset >> DirectoryShift)];
    private readonly Queue<(uint Address, uint Value)> _updates = new();
    private readonly uint _breakStart;

    /// <summary>The memory of a program that is loaded and has not run yet.</summary>
    /// <param name="guest">The guest.</param>
    /// <param name="program">Its program.</param>
    /// <param name="ram">The guest's memory, with the image in it.</param>
    public AddressSpace(I386Guest guest, GuestProgram program, GuestRam ram)
    {
        _ram = ram;
        _frames = guest.FreeFrames;
        _directory = guest.Image.InitialState.Cr3;
        MemoryPages = (uint)(ram.Mapping.Length / PageSize);
        foreach (ProgramSegment segment in program.Segments)
        {
            bool isStack = segment.End == GuestProgram.StackTop;
            Regions.Add(new(segment.Address, segment.End, segment.Flags, GrowsDown: isStack));
            if (!isStack)
            {
                _breakStart = Math.Max(_breakStart, segment.End);
            }

            AdoptPages(segment);
        }

        Break = _breakStart;
    }

    /// <summary>How far the stack may grow, in bytes: RLIMIT_STACK.</summary>
    public uint StackLimit { get; set; } = DefaultStackLimit;

    /// <summary>The program break.</summary>
    public uint Break { get; private set; }

    /// <summary>Pages of the guest's memory: what one mapping may have at most, for more of it could never be used.</summary>
    public uint MemoryPages { get; }

    /// <summary>Pages of it that nothing uses.</summary>
    public uint FreePages => (uint)_frames.FreeCount;

    /// <summary>Whether an access has failed because no frame was left. Linux would kill the program for it.</summary>
    public bool IsOutOfMemory { get; private set; }

    /// <summary>The regions.</summary>
    public MemoryRegions Regions { get; } = [];

    /// <summary>Gives a page its frame, if the program may do there what it tries to, and some pages behind it theirs.</summary>
    /// <param name="address">The address.</param>
    /// <param name="write">Whether it is a write.</param>
    public FaultOutcome Touch(uint address, bool write)
    {
        FaultOutcome outcome = Resolve(address, write, out _);
        if (outcome == FaultOutcome.Mapped && _frames.FreeCount > MemoryPages / 4)
        {
            // Whoever touches a page mostly touches the next too, and each time costs two ways between guest and monitor.
            uint end = Math.Min((address | (FaultAround - 1)) + 1, Regions.At(address)!.Value.End);
            for (uint next = (address & ~PageMask) + PageSize; next < end && Resolve(next, write, out _) == FaultOutcome.Mapped; next += PageSize)
            {
                // One after the other.
            }
        }

        return outcome;
    }

    /// <summary>Fills the page of <see cref="PageTableUpdates"/>, as far as it goes; called whenever the guest runs on.</summary>
    public void WriteUpdates()
    {
        int count = Math.Min(_updates.Count, PageTableUpdates.Capacity);
        if (count == 0)
        {
            return;
        }

        Span<byte> page = _ram.Mapping.Slice(KernelLayout.Physical(KernelLayout.PageTableUpdates), (int)PageSize);
        Span<uint> entries = MemoryMarshal.Cast<byte, uint>(page[PageTableUpdates.Entries..]);

        // The kernel takes the last first. An entry may be there twice, and the later value must win.
        for (int i = count - 1; i >= 0; i--)
        {
            (entries[2 * i], entries[(2 * i) + 1]) = _updates.Dequeue();
        }

        MemoryMarshal.Write(page[PageTableUpdates.Count..], count);
        MemoryMarshal.Write(page[PageTableUpdates.More..], _updates.Count);
    }

    // ---- What system calls read and write ----

    /// <summary>Reads all the bytes.</summary>
    /// <returns>False when the program cannot read one of them.</returns>
    public bool TryRead(uint address, Span<byte> bytes) => ReadSome(address, bytes) == bytes.Length;

    /// <summary>Writes all the bytes; when that fails, those before the bad one are written.</summary>
    /// <returns>False when the program cannot write one of them.</returns>
    public bool TryWrite(uint address, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (Resolve(address, write: true, out uint physical) != FaultOutcome.Mapped)
            {
                return false;
            }

            int inPage = InPage(address, bytes.Length);
            bytes[..inPage].CopyTo(_ram.Mapping.Slice(physical, inPage));
            bytes = bytes[inPage..];
            address += (uint)inPage;
        }

        return true;
    }

    /// <summary>Reads a structure.</summary>
    /// <returns>False when the program cannot read it.</returns>
    public bool TryRead<T>(uint address, out T value)
        where T : unmanaged
    {
        Unsafe.SkipInit(out value);
        return TryRead(address, MemoryMarshal.AsBytes(new Span<T>(ref value)));
    }

    /// <summary>Writes a structure.</summary>
    /// <returns>False when the program cannot write it.</returns>
    public bool TryWrite<T>(uint address, in T value)
        where T : unmanaged => TryWrite(address, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    /// <summary>How many bytes from here on the program can write, each page with a frame then.</summary>
    public int PrepareWrite(uint address, int length)
    {
        int done = 0;
        while (done < length && Resolve(address, write: true, out _) == FaultOutcome.Mapped)
        {
            int inPage = InPage(address, length - done);
            done += inPage;
            address += (uint)inPage;
        }

        return done;
    }

    /// <summary>Reads a string up to its zero.</summary>
    /// <param name="address">First byte.</param>
    /// <param name="limit">Bytes that it may have, its zero included.</param>
    /// <param name="text">Its bytes without the zero.</param>
    /// <returns>EFAULT when the program cannot read it, ENAMETOOLONG when it has no end.</returns>
    public Errno ReadString(uint address, int limit, out byte[] text)
    {
        text = [];
        byte[] buffer = new byte[limit];
        int read = ReadSome(address, buffer);
        int end = buffer.AsSpan(0, read).IndexOf((byte)0);
        if (end < 0)
        {
            return read < limit ? Errno.EFAULT : Errno.ENAMETOOLONG;
        }

        text = buffer[..end];
        return default;
    }

    /// <summary>
    /// Where an address lies in the guest's memory, whatever the program itself may do there: for a debugger. A page that has no frame yet is
    /// given one when it is to be written.
    /// </summary>
    /// <param name="address">The address.</param>
    /// <param name="write">Whether it is to be written.</param>
    /// <param name="physical">Where it lies; null for a page without a frame, which is all zeros.</param>
    /// <returns>False when the program has no page there, or no frame is left.</returns>
    public bool TryFind(uint address, bool write, out uint? physical)
    {
        physical = null;
        if (Regions.At(address) is not MemoryRegion region)
        {
            return false;
        }

        uint entry = _tables[address >> DirectoryShift]?.Entries[IndexInTable(address)] ?? 0;
        if (entry == 0 && write)
        {
            // A table and the page itself; a debugger that finds none is no reason to end the program.
            if (FreePages < 2 || TableOf(address) is not PageTable table || !TryAllocate(out uint frame))
            {
                return false;
            }

            entry = frame | (uint)LinuxProtection.Of(region.Protection);
            SetEntry(table, address, entry);
        }

        physical = entry == 0 ? null : (entry & ~PageMask) | (address & PageMask);
        return true;
    }

    /// <summary>Reads bytes up to the first that the program cannot read.</summary>
    /// <returns>How many were read.</returns>
    public int ReadSome(uint address, Span<byte> bytes)
    {
        int done = 0;
        while (done < bytes.Length && Resolve(address, write: false, out uint physical) == FaultOutcome.Mapped)
        {
            int inPage = InPage(address, bytes.Length - done);
            _ram.Mapping.Slice(physical, inPage).CopyTo(bytes[done..]);
            done += inPage;
            address += (uint)inPage;
        }

        return done;
    }

    // ---- What mmap and its like do ----

    /// <summary>Whether a range lies in what a program may map.</summary>
    public static bool IsValid(uint start, uint length) =>
        IsRange(start, length) && start >= MinAddress;

    /// <summary>Whether a range lies in user space, where something may be mapped or not.</summary>
    public static bool IsRange(uint start, uint length) =>
        (start & PageMask) == 0 && length != 0 && (ulong)start + length <= KernelLayout.PageOffset;

    /// <summary>access_ok: whether bytes lie in user space, mapped or not.</summary>
    public static bool IsUserRange(uint address, uint length) => (ulong)address + length <= KernelLayout.PageOffset;

    /// <summary>Rounds up to whole pages.</summary>
    /// <returns>False when the result does not fit.</returns>
    public static bool TryRoundUp(uint length, out uint rounded)
    {
        rounded = unchecked(length + PageMask) & ~PageMask;
        return rounded >= length;
    }

    /// <summary>Finds room for a new mapping: at the hint if that is free, else the highest that fits.</summary>
    /// <returns>False when there is none.</returns>
    public bool TryFindFree(uint hint, uint length, out uint start)
    {
        start = hint & ~PageMask;
        return (hint != 0 && IsValid(start, length) && Regions.IsFree(start, length)) || Regions.TryFindFree(length, out start);
    }

    /// <summary>Maps zeros over whatever is there.</summary>
    /// <param name="start">As <see cref="IsValid"/>.</param>
    /// <param name="length">A multiple of 4096.</param>
    /// <param name="protection">What the program may do there.</param>
    /// <returns>ENOMEM when that is more than there is, or there are too many regions.</returns>
    public Errno Map(uint start, uint length, SegmentFlags protection)
    {
        if ((protection != SegmentFlags.None && length / PageSize > MemoryPages) || !Regions.MaySplit)
        {
            return Errno.ENOMEM;
        }

        Unmap(start, length);
        Regions.Add(new(start, start + length, protection));
        return default;
    }

    /// <summary>Takes pages away; those that are not mapped do not matter.</summary>
    /// <param name="start">As <see cref="IsValid"/>.</param>
    /// <param name="length">A multiple of 4096.</param>
    public void Unmap(uint start, uint length)
    {
        uint end = start + length;
        Discard(start, length);
        Regions.Remove(start, end);
    }

    /// <summary>Gives back the frames of a range; its pages are zero when they are next touched.</summary>
    public void Discard(uint start, uint length)
    {
        uint end = start + length;
        for (uint address = start; address < end && address >= start;)
        {
            PageTable? table = _tables[address >> DirectoryShift];
            if (table is null)
            {
                // Nothing in these 4 MiB, or in what is left of them.
                address = (address | ((1u << DirectoryShift) - 1)) + 1;
                continue;
            }

            uint entry = table.Entries[IndexInTable(address)];
            if (entry != 0)
            {
                uint frame = entry & ~PageMask;
                _ram.Mapping.Slice(frame, (int)PageSize).Clear();
                _frames.Free(frame);
                SetEntry(table, address, 0);
            }

            address += PageSize;
        }
    }

    /// <summary>Changes what the program may do with pages, up to the first that is not mapped.</summary>
    /// <param name="start">As <see cref="IsValid"/>.</param>
    /// <param name="length">A multiple of 4096.</param>
    /// <param name="protection">What it may do from now on.</param>
    /// <returns>ENOMEM when a page is not mapped, or there are too many regions.</returns>
    public Errno Protect(uint start, uint length, SegmentFlags protection)
    {
        uint end = Math.Min(start + length, Regions.MappedEnd(start, start + length));
        if (end <= start || !Regions.MaySplit)
        {
            return Errno.ENOMEM;
        }

        Regions.Protect(start, end, protection);
        PageFlags flags = LinuxProtection.Of(protection);
        ForEachEntry(start, end, (table, address, entry) => SetEntry(table, address, (entry & ~PageMask) | (uint)flags));
        return end == start + length ? default : Errno.ENOMEM;
    }

    /// <summary>Moves pages with their frames to where nothing is mapped; the old place is free then.</summary>
    /// <returns>ENOMEM when no frame is left for a page table.</returns>
    public Errno Move(uint from, uint to, uint length, SegmentFlags protection)
    {
        for (uint table = to >> DirectoryShift; table <= (to + length - 1) >> DirectoryShift; table++)
        {
            if (TableOf(table << DirectoryShift) is null)
            {
                return Errno.ENOMEM;
            }
        }

        Regions.Add(new(to, to + length, protection));
        ForEachEntry(from, from + length, (table, address, entry) =>
        {
            SetEntry(table, address, 0);
            uint target = to + (address - from);
            SetEntry(_tables[target >> DirectoryShift]!, target, entry);
        });
        Unmap(from, length);
        return default;
    }

    /// <summary>brk: moves the end of the heap.</summary>
    /// <returns>The program break then, which has not moved where that was not possible.</returns>
    public uint SetBreak(uint address)
    {
        if (address < _breakStart || address > KernelLayout.PageOffset - PageSize)
        {
            return Break;
        }

        uint oldEnd = (Break + PageMask) & ~PageMask;
        uint newEnd = (address + PageMask) & ~PageMask;
        if (newEnd < oldEnd)
        {
            Unmap(newEnd, oldEnd - newEnd);
        }
        else if (newEnd > oldEnd && (!Regions.IsFree(oldEnd, newEnd - oldEnd) || Map(oldEnd, newEnd - oldEnd, SegmentFlags.Read | SegmentFlags.Write) != default))
        {
            return Break;
        }

        Break = address;
        return Break;
    }

    // ---- ----

    private static int IndexInTable(uint address) => (int)(address / PageSize % TableEntries);

    private static int InPage(uint address, int length) => (int)Math.Min((uint)length, PageSize - (address & PageMask));

    /// <summary>The pages that the image has mapped for a segment.</summary>
    private void AdoptPages(ProgramSegment segment)
    {
        for (uint offset = 0; offset < segment.Bytes.Length; offset += PageSize)
        {
            uint address = segment.Address + offset;
            PageWalk walk = PageWalk.Walk(_ram, new PageTableRoot(_directory, PagingMode.ThirtyTwoBit), address);
            PageTable table = _tables[address >> DirectoryShift] ??= new PageTable((uint)walk.Entries[0].Value!.Value & ~PageMask);
            table.Entries[IndexInTable(address)] = (uint)walk.Entries[1].Value!.Value;
        }
    }

    /// <summary>Where an address lies in the guest's memory; the page gets its frame if it has none.</summary>
    private FaultOutcome Resolve(uint address, bool write, out uint physical)
    {
        physical = 0;
        if (address >= KernelLayout.PageOffset)
        {
            return FaultOutcome.NotMapped;
        }

        if (Regions.AtOrAbove(address) is not MemoryRegion region || (region.Start > address && !TryGrowStack(region, address)))
        {
            return FaultOutcome.NotMapped;
        }

        if (!region.Allows(write))
        {
            return FaultOutcome.NotAllowed;
        }

        PageTable? table = TableOf(address);
        if (table is null)
        {
            return FaultOutcome.OutOfMemory;
        }

        ref uint entry = ref table.Entries[IndexInTable(address)];
        if (entry == 0)
        {
            if (!TryAllocate(out uint frame))
            {
                return FaultOutcome.OutOfMemory;
            }

            SetEntry(table, address, frame | (uint)LinuxProtection.Of(region.Protection));
        }

        physical = (entry & ~PageMask) | (address & PageMask);
        return FaultOutcome.Mapped;
    }

    private bool TryGrowStack(MemoryRegion stack, uint address)
    {
        uint start = address & ~PageMask;
        uint lowest = GuestProgram.StackTop - Math.Min(StackLimit & ~PageMask, MemoryRegions.MapBase);
        uint below = Regions.EndBelow(address);
        if (!stack.GrowsDown || start < lowest || start < MinAddress || start - below < StackGuardGap || start < below)
        {
            return false;
        }

        Regions.GrowDown(stack, start);
        return true;
    }

    private bool TryAllocate(out uint frame)
    {
        frame = 0;
        if (_frames.FreeCount == 0)
        {
            IsOutOfMemory = true;
            return false;
        }

        frame = _frames.Allocate();
        return true;
    }

    /// <summary>The table for an address; null when no frame is left for it. A frame that has become a table stays one.</summary>
    private PageTable? TableOf(uint address)
    {
        uint index = address >> DirectoryShift;
        if (_tables[index] is null && TryAllocate(out uint frame))
        {
            _tables[index] = new PageTable(frame);
            _updates.Enqueue((KernelLayout.PageOffset + _directory + (index * sizeof(uint)), frame | (uint)LinuxProtection.PageTable));
        }

        return _tables[index];
    }

    private void SetEntry(PageTable table, uint address, uint value)
    {
        int index = IndexInTable(address);
        if (table.Entries[index] != value)
        {
            table.Entries[index] = value;
            _updates.Enqueue((KernelLayout.PageOffset + table.Frame + ((uint)index * sizeof(uint)), value));
        }
    }

    private void ForEachEntry(uint start, uint end, Action<PageTable, uint, uint> action)
    {
        for (uint address = start; address < end && address >= start;)
        {
            if (_tables[address >> DirectoryShift] is not PageTable table)
            {
                address = (address | ((1u << DirectoryShift) - 1)) + 1;
                continue;
            }

            if (table.Entries[IndexInTable(address)] is uint entry and not 0)
            {
                action(table, address, entry);
            }

            address += PageSize;
        }
    }

    /// <summary>A page table of the guest, as it will be.</summary>
    /// <param name="Frame">Guest-physical address of the table.</param>
    private sealed record PageTable(uint Frame)
    {
        public uint[] Entries { get; } = new uint[TableEntries];
    }
}
