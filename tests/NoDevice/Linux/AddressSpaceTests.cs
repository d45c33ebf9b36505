// SPDX-License-Identifier: MIT

using Kvmsys.Fuzz.Targets;
using Kvmsys.Guest.Elf;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Linux;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native.Linux;

namespace Kvmsys.Tests.NoDevice.Linux;

/// <summary>A program's memory, by its system calls and by what its page tables say then.</summary>
public sealed class AddressSpaceTests : IDisposable
{
    private const uint PageSize = 0x1000;
    private const uint Somewhere = 0x10000000;
    private const uint ReadOnly = 1;
    private const uint ReadWrite = 3;
    private const uint PrivateAnonymous = 0x22;
    private const uint PrivateAnonymousFixed = 0x32;
    private const uint PrivateFixed = 0x12;
    private const uint NoFile = uint.MaxValue;
    private const SegmentFlags ReadWriteFlags = SegmentFlags.Read | SegmentFlags.Write;

    private readonly StandInGuest _guest = new();
    private readonly GuestInvariants _invariants;

    public AddressSpaceTests() => _invariants = new GuestInvariants(_guest);

    public void Dispose() => _guest.Dispose();

    [Fact]
    public void A_mapping_is_zero_and_can_be_written()
    {
        uint start = (uint)_guest.Call(Syscall.mmap2, 0, 3 * PageSize, ReadWrite, PrivateAnonymous, NoFile);
        Assert.Equal(new byte[3 * PageSize], _guest.Read(start, 3 * (int)PageSize));
        Assert.Equal(5, _guest.Write(start + PageSize - 2, "hello"u8));
        Assert.Equal("hello"u8.ToArray(), _guest.Read(start + PageSize - 2, 5));
        _invariants.Check();
    }

    [Fact]
    public void Mappings_are_placed_downwards_and_neighbours_become_one_region()
    {
        uint first = (uint)_guest.Call(Syscall.mmap2, 0, PageSize, ReadWrite, PrivateAnonymous, NoFile);
        uint second = (uint)_guest.Call(Syscall.mmap2, 0, PageSize, ReadWrite, PrivateAnonymous, NoFile);
        Assert.Equal((0xb7fff000u, first - PageSize), (first, second));
        Assert.Equal(new MemoryRegion(second, first + PageSize, ReadWriteFlags), _guest.Process.Memory.Regions.At(first));
    }

    [Fact]
    public void Unmapping_the_middle_leaves_both_ends()
    {
        Map(Somewhere, 3 * PageSize);
        _guest.Write(Somewhere, 1, 2, 3);
        _guest.Write(Somewhere + (2 * PageSize), 4);
        Assert.Equal(0, _guest.Call(Syscall.munmap, Somewhere + PageSize, PageSize));
        Assert.Equal([(Somewhere, Somewhere + PageSize), (Somewhere + (2 * PageSize), Somewhere + (3 * PageSize))], Regions());
        Assert.Equal((1u, 4u), (_guest.ReadWords(Somewhere, 1)[0], _guest.ReadWords(Somewhere + (2 * PageSize), 1)[0]));
        Assert.False(_guest.Touch(Somewhere + PageSize, write: false, out _));
        _invariants.Check();
    }

    [Fact]
    public void What_is_unmapped_is_zero_when_it_is_mapped_again()
    {
        Map(Somewhere, PageSize);
        _guest.Write(Somewhere, 1, 2, 3);
        _guest.Call(Syscall.munmap, Somewhere, PageSize);
        Map(Somewhere, PageSize);
        Assert.Equal([0, 0, 0], _guest.ReadWords(Somewhere, 3));
        _invariants.CheckFreeFrames();
    }

    [Fact]
    public void Protecting_the_middle_makes_three_regions_and_taking_it_back_one()
    {
        Map(Somewhere, 3 * PageSize);
        _guest.Write(Somewhere + PageSize, 7);
        Assert.Equal(0, _guest.Call(Syscall.mprotect, Somewhere + PageSize, PageSize, ReadOnly));
        Assert.Equal(3, Regions().Length);
        Assert.False(_guest.Touch(Somewhere + PageSize, write: true, out _));
        Assert.Equal([7], _guest.ReadWords(Somewhere + PageSize, 1));
        _invariants.Check();
        Assert.Equal(0, _guest.Call(Syscall.mprotect, Somewhere + PageSize, PageSize, ReadWrite));
        Assert.Equal([(Somewhere, Somewhere + (3 * PageSize))], Regions());
        Assert.True(_guest.Touch(Somewhere + PageSize, write: true, out _));
        _invariants.Check();
    }

    [Fact]
    public void Memory_for_nobody_keeps_what_is_in_it()
    {
        Map(Somewhere, PageSize);
        _guest.Write(Somewhere, 7);
        Assert.Equal(0, _guest.Call(Syscall.mprotect, Somewhere, PageSize, 0));
        Assert.False(_guest.Touch(Somewhere, write: false, out _));
        Assert.Equal(-(int)Errno.EFAULT, _guest.Call(Syscall.uname, Somewhere));
        Assert.Equal(0, _guest.Call(Syscall.mprotect, Somewhere, PageSize, ReadOnly));
        Assert.Equal([7], _guest.ReadWords(Somewhere, 1));
        _invariants.Check();
    }

    [Fact]
    public void Protecting_what_is_not_all_mapped_changes_what_lies_before_the_hole()
    {
        Map(Somewhere, PageSize);
        Map(Somewhere + (2 * PageSize), PageSize);
        Assert.Equal(-(int)Errno.ENOMEM, _guest.Call(Syscall.mprotect, Somewhere, 3 * PageSize, ReadOnly));
        Assert.False(_guest.Touch(Somewhere, write: true, out _));
        Assert.True(_guest.Touch(Somewhere + (2 * PageSize), write: true, out _));
    }

    [Fact]
    public void The_stack_can_be_protected_from_its_beginning_on()
    {
        const uint downwards = 0x01000000;
        uint last = StandInGuest.Stack + PageSize;
        Assert.Equal(0, _guest.Call(Syscall.mprotect, last, PageSize, ReadOnly | downwards));
        Assert.False(_guest.Touch(StandInGuest.Stack, write: true, out _));
        Map(Somewhere, PageSize);
        Assert.Equal(-(int)Errno.EINVAL, _guest.Call(Syscall.mprotect, Somewhere, PageSize, ReadOnly | downwards));
    }

    [Fact]
    public void A_mapping_of_a_file_that_cannot_be_mapped_leaves_what_is_there()
    {
        const uint onlyPath = 0x200000;
        const uint fixedPrivate = 0x12;
        Map(Somewhere, PageSize);
        _guest.Write(Somewhere, 7);
        uint file = (uint)_guest.Call(Syscall.open, StandInGuest.AddressOfName(Array.IndexOf(Sandbox.Names, "small")), onlyPath);
        Assert.Equal(-(int)Errno.EBADF, _guest.Call(Syscall.mmap2, Somewhere, PageSize, ReadOnly, fixedPrivate, file));
        Assert.Equal([7], _guest.ReadWords(Somewhere, 1));
    }

    [Fact]
    public void Tens_of_thousands_of_regions_go_at_once()
    {
        const uint pages = 40_000;
        Assert.Equal(Somewhere, (uint)_guest.Call(Syscall.mmap2, Somewhere, pages * PageSize, 0, PrivateAnonymousFixed, NoFile));
        for (uint page = 0; page < pages; page += 2)
        {
            Assert.Equal(0, _guest.Call(Syscall.mprotect, Somewhere + (page * PageSize), PageSize, ReadOnly));
        }

        Assert.InRange(_guest.Process.Memory.Regions.Count, (int)pages, (int)pages + 10);
        Assert.Equal(0, _guest.Call(Syscall.mprotect, Somewhere, pages * PageSize, ReadOnly));
        Assert.InRange(_guest.Process.Memory.Regions.Count, 1, 10);
        Assert.Equal(0, _guest.Call(Syscall.munmap, Somewhere, pages * PageSize));
        Assert.Null(_guest.Process.Memory.Regions.At(Somewhere));
    }

    [Fact]
    public void The_stack_grows_when_the_program_touches_what_lies_below()
    {
        uint address = StandInGuest.Stack - (20 * PageSize) + 8;
        Assert.True(_guest.Touch(address, write: true, out _));
        Assert.Equal(address & ~0xfffu, _guest.Process.Memory.Regions[^1].Start);
        _invariants.Check();
    }

    [Fact]
    public void The_stack_grows_as_far_as_its_limit()
    {
        const uint lowest = GuestProgram.StackTop - AddressSpace.DefaultStackLimit;
        Assert.False(_guest.Touch(lowest - 1, write: true, out _));
        Assert.True(_guest.Touch(lowest, write: true, out _));
    }

    [Fact]
    public void The_stack_follows_a_limit_that_the_program_sets()
    {
        _guest.Write(StandInGuest.Data, 16 * PageSize, uint.MaxValue);
        Assert.Equal(0, _guest.Call(Syscall.setrlimit, 3, StandInGuest.Data));
        Assert.False(_guest.Touch(GuestProgram.StackTop - (16 * PageSize) - 1, write: true, out _));
        Assert.True(_guest.Touch(GuestProgram.StackTop - (16 * PageSize), write: true, out _));
    }

    [Fact]
    public void The_stack_does_not_grow_into_the_gap_above_another_mapping()
    {
        const uint gap = 256 * PageSize;
        const uint neighbour = StandInGuest.Stack - (400 * PageSize);
        Map(neighbour, PageSize);
        Assert.False(_guest.Touch(neighbour + gap, write: true, out _));
        Assert.True(_guest.Touch(neighbour + PageSize + gap, write: true, out _));
    }

    [Fact]
    public void The_break_moves_up_and_down_and_what_it_gives_is_zero()
    {
        Assert.Equal(StandInGuest.DataEnd, (uint)_guest.Call(Syscall.brk, 0));
        Assert.Equal(StandInGuest.DataEnd + 0x1234, (uint)_guest.Call(Syscall.brk, StandInGuest.DataEnd + 0x1234));
        _guest.Write(StandInGuest.DataEnd + PageSize, 7);
        Assert.Equal(StandInGuest.DataEnd + 1, (uint)_guest.Call(Syscall.brk, StandInGuest.DataEnd + 1));
        Assert.False(_guest.Touch(StandInGuest.DataEnd + PageSize, write: false, out _));
        Assert.Equal(StandInGuest.DataEnd + 0x1234, (uint)_guest.Call(Syscall.brk, StandInGuest.DataEnd + 0x1234));
        Assert.Equal([0], _guest.ReadWords(StandInGuest.DataEnd + PageSize, 1));
        _invariants.CheckFreeFrames();
    }

    [Theory]
    [InlineData(StandInGuest.DataEnd - 1)]
    [InlineData(0xbffff001u)]
    [InlineData(0xc0000000u)]
    [InlineData(0xffffffffu)]
    [InlineData(StandInGuest.DataEnd + 0x4000u)]
    public void The_break_stays_where_it_cannot_move(uint address)
    {
        Map(StandInGuest.DataEnd + 0x3000, PageSize);
        Assert.Equal(StandInGuest.DataEnd, (uint)_guest.Call(Syscall.brk, address));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_mapping_that_must_move_to_grow_takes_its_contents_along(bool mayMove)
    {
        Map(Somewhere, 2 * PageSize);
        Map(Somewhere + (2 * PageSize), PageSize);
        _guest.Write(Somewhere + PageSize, 5, 6);
        int moved = _guest.Call(Syscall.mremap, Somewhere, 2 * PageSize, 5 * PageSize, mayMove ? 1u : 0);
        if (!mayMove)
        {
            Assert.Equal(-(int)Errno.ENOMEM, moved);
            return;
        }

        Assert.NotEqual(Somewhere, (uint)moved);
        Assert.Equal([5, 6, 0], _guest.ReadWords((uint)moved + PageSize, 3));
        Assert.Equal([0], _guest.ReadWords((uint)moved + (4 * PageSize), 1));
        Assert.False(_guest.Touch(Somewhere + PageSize, write: false, out _));
        _invariants.Check();
    }

    [Fact]
    public void A_mapping_shrinks_and_grows_in_place()
    {
        Map(Somewhere, 3 * PageSize);
        _guest.Write(Somewhere, 5);
        Assert.Equal(Somewhere, (uint)_guest.Call(Syscall.mremap, Somewhere, 3 * PageSize, PageSize));
        Assert.Equal([(Somewhere, Somewhere + PageSize)], Regions());
        Assert.Equal(Somewhere, (uint)_guest.Call(Syscall.mremap, Somewhere, PageSize, 4 * PageSize));
        Assert.Equal([(Somewhere, Somewhere + (4 * PageSize))], Regions());
        Assert.Equal([5], _guest.ReadWords(Somewhere, 1));
    }

    [Fact]
    public void A_mapping_moves_over_another_which_is_gone_then()
    {
        const uint target = Somewhere + 0x800000;
        Map(Somewhere, 2 * PageSize);
        Map(target, 4 * PageSize);
        _guest.Write(Somewhere, 5);
        _guest.Write(target, 9);
        Assert.Equal(target, (uint)_guest.Call(Syscall.mremap, Somewhere, 2 * PageSize, 2 * PageSize, 3, target));
        Assert.Equal([5, 0], _guest.ReadWords(target, 2));
        _invariants.CheckFreeFrames();
        Assert.Equal(-(int)Errno.EINVAL, _guest.Call(Syscall.mremap, target, 2 * PageSize, 2 * PageSize, 3, target + PageSize));
    }

    [Fact]
    public void Advice_that_pages_are_not_needed_empties_them()
    {
        Map(Somewhere, 2 * PageSize);
        _guest.Write(Somewhere, 5);
        _guest.Write(Somewhere + PageSize, 6);
        Assert.Equal(0, _guest.Call(Syscall.madvise, Somewhere, PageSize, 4));
        Assert.Equal([0], _guest.ReadWords(Somewhere, 1));
        Assert.Equal([6], _guest.ReadWords(Somewhere + PageSize, 1));
        _invariants.CheckFreeFrames();
    }

    [Fact]
    public void A_program_that_uses_up_the_memory_is_killed()
    {
        Map(Somewhere, StandInGuest.MemorySize);
        for (uint offset = 0; offset < StandInGuest.MemorySize && _guest.Stop is null; offset += PageSize)
        {
            _guest.Touch(Somewhere + offset, write: true, out _);
        }

        Assert.Equal((StopReason.Signal, 9), (_guest.Stop, _guest.Process.FatalSignal));
    }

    [Fact]
    public void A_system_call_that_uses_up_the_memory_is_the_end_too()
    {
        Map(Somewhere, StandInGuest.MemorySize);
        _guest.Call(Syscall.getrandom, Somewhere, 1 << 20);
        Assert.Null(_guest.Stop);
        _guest.Call(Syscall.getrandom, Somewhere + (1 << 20), 1 << 20);
        Assert.Equal((StopReason.Signal, 9), (_guest.Stop, _guest.Process.FatalSignal));
    }

    [Fact]
    public void More_memory_than_there_is_is_not_mapped_but_may_be_reserved()
    {
        Assert.Equal(-(int)Errno.ENOMEM, _guest.Call(Syscall.mmap2, 0, StandInGuest.MemorySize + PageSize, ReadWrite, PrivateAnonymous, NoFile));
        Assert.True((uint)_guest.Call(Syscall.mmap2, 0, 0x80000000, 0, PrivateAnonymous, NoFile) < 0xc0000000);
    }

    [Fact]
    public void A_call_may_change_more_entries_than_one_page_of_updates_holds()
    {
        const uint pages = 300;
        Map(Somewhere, pages * PageSize);
        for (uint page = 0; page < pages; page++)
        {
            _guest.Write(Somewhere + (page * PageSize), page);
        }

        const uint target = Somewhere + 0x2000000;
        Assert.Equal(target, (uint)_guest.Call(Syscall.mremap, Somewhere, pages * PageSize, pages * PageSize, 3, target));
        _invariants.Check();
        for (uint page = 0; page < pages; page++)
        {
            Assert.Equal([page], _guest.ReadWords(target + (page * PageSize), 1));
        }
    }

    [Fact]
    public void A_file_that_is_mapped_over_pages_in_use_is_what_the_program_sees()
    {
        Map(Somewhere, 2 * PageSize);
        _guest.Write(Somewhere, 0xdead);
        Assert.Equal(Somewhere, MapBig(Somewhere, 2 * PageSize, ReadOnly));
        _invariants.Check();
        Assert.Equal([0], _guest.ReadWords(Somewhere, 1));
        Assert.Equal([0x10101010], _guest.ReadWords(Somewhere + PageSize, 1));
    }

    [Fact]
    public void A_file_that_is_mapped_for_reading_cannot_be_written()
    {
        Assert.Equal(Somewhere, MapBig(Somewhere, PageSize, ReadOnly));
        _invariants.Check();
        Assert.False(_guest.Touch(Somewhere, write: true, out _));
    }

    [Fact]
    public void A_file_that_cannot_be_mapped_leaves_nothing_behind()
    {
        const uint forItsPath = 0x200000;
        uint descriptor = (uint)_guest.Call(Syscall.open, StandInGuest.AddressOfName(Array.IndexOf(Sandbox.Names, "big")), forItsPath);
        Assert.Equal(-(int)Errno.EBADF, _guest.Call(Syscall.mmap2, Somewhere, PageSize, ReadOnly, PrivateFixed, descriptor));
        Assert.Empty(Regions());
    }

    [Fact]
    public void Holes_make_no_more_regions_than_Linux_allows()
    {
        const uint length = 2 * (MemoryRegions.Max + 100) * PageSize;
        Assert.Equal(Somewhere, (uint)_guest.Call(Syscall.mmap2, Somewhere, length, 0, PrivateAnonymousFixed, NoFile));
        uint hole = Somewhere + PageSize;
        while (_guest.Call(Syscall.munmap, hole, PageSize) == 0)
        {
            hole += 2 * PageSize;
        }

        Assert.InRange(_guest.Process.Memory.Regions.Count, MemoryRegions.Max - 2, MemoryRegions.Max);
        Assert.Equal(-(int)Errno.ENOMEM, _guest.Call(Syscall.munmap, hole, PageSize));
        Assert.Equal(-(int)Errno.ENOMEM, _guest.Call(Syscall.mmap2, 0, PageSize, ReadWrite, PrivateAnonymous, NoFile));
        Assert.Equal(0, _guest.Call(Syscall.munmap, Somewhere, length));
        Assert.Empty(Regions());
    }

    private void Map(uint start, uint length) =>
        Assert.Equal(start, (uint)_guest.Call(Syscall.mmap2, start, length, ReadWrite, PrivateAnonymousFixed, NoFile));

    private uint MapBig(uint start, uint length, uint protection)
    {
        uint descriptor = (uint)_guest.Call(Syscall.open, StandInGuest.AddressOfName(Array.IndexOf(Sandbox.Names, "big")));
        return (uint)_guest.Call(Syscall.mmap2, start, length, protection, PrivateFixed, descriptor);
    }

    // Those that the test has made.
    private (uint Start, uint End)[] Regions() => [.. _guest.Process.Memory.Regions
        .Where(region => region.Start >= Somewhere && !region.GrowsDown)
        .Select(region => (region.Start, region.End))];
}
