// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using FsCheck.Xunit;
using Kvmsys.Guest;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Paging;

namespace Kvmsys.Tests.NoDevice.Images;

public sealed class PageTableTests
{
    private const uint MemorySize = 8 << 20;

    [Property]
    public bool A_walk_finds_every_page_that_was_mapped_and_no_other(bool fourLevel, uint[] pages, int seed)
    {
        PageTableBuilder tables = new(new FrameAllocator(0, MemorySize, seed), fourLevel ? PagingMode.FourLevel : PagingMode.ThirtyTwoBit);
        Dictionary<uint, uint> mapped = [];
        foreach (uint virtualAddress in pages.Select(page => page & ~0xfffu).Distinct())
        {
            mapped[virtualAddress] = (uint)mapped.Count << 12;
            tables.Map(virtualAddress, mapped[virtualAddress], LinuxProtection.PageShared);
        }

        GuestImage image = ImageOf(tables, fourLevel);
        return mapped.All(page => image.Walk(page.Key + 0x123).PhysicalAddress == page.Value + 0x123)
            && pages.Select(page => (page & ~0xfffu) ^ 0x1000).Where(page => !mapped.ContainsKey(page)).All(page => image.Walk(page).PhysicalAddress is null);
    }

    [Fact]
    public void A_large_page_is_one_directory_entry_with_PS()
    {
        PageTableBuilder tables = new(new FrameAllocator(0, MemorySize, seed: 0), PagingMode.ThirtyTwoBit);
        tables.MapLarge(0xc0400000, 0x400000, LinuxProtection.PageKernelLargeExec);
        PageWalk walk = ImageOf(tables).Walk(0xc0512345);
        Assert.Equal(0x004000e3u, Assert.Single(walk.Entries).Value);
        Assert.Equal(0x512345u, walk.PhysicalAddress);
        Assert.False(walk.UserAccessible);
        Assert.True(walk.Writable);
    }

    [Fact]
    public void A_large_page_of_long_mode_has_2_MiB_and_three_levels()
    {
        PageTableBuilder tables = new(new FrameAllocator(0, MemorySize, seed: 0), PagingMode.FourLevel);
        tables.MapLarge(0xc0200000, 0x200000, LinuxProtection.PageKernelLargeExec);
        PageWalk walk = ImageOf(tables, fourLevel: true).Walk(0xc0312345);
        Assert.Equal(["PML4 entry", "directory-pointer entry", "directory entry"], walk.Entries.Select(entry => entry.Name));
        Assert.Equal([0u, 3 * 8, 1 * 8], walk.Entries.Select(entry => entry.Address & 0xfff));
        Assert.Equal(0x002000e3u, walk.Entries[2].Value);
        Assert.Equal(0x312345u, walk.PhysicalAddress);
        Assert.False(walk.UserAccessible);
    }

    [Fact]
    public void A_64_bit_entry_is_read_whole_and_what_it_maps_above_4_GiB_is_nobodys()
    {
        PageTableBuilder tables = new(new FrameAllocator(0x1000, MemorySize, seed: 0), PagingMode.FourLevel);
        tables.Map(0x8048000, 0, LinuxProtection.PageShared);
        GuestImage image = ImageOf(tables, fourLevel: true);
        GuestImage high = image.WithBytes(image.Walk(0x8048000).Entries[3].Address + 4, Bytes(0x80000001));
        PageWalk walk = high.Walk(0x8048000);
        Assert.Equal(0x8000000100000067, walk.Entries[3].Value);
        Assert.Null(walk.PhysicalAddress);
        Assert.EndsWith("= 0x8000000100000067, which is above 4 GiB", walk.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Both_levels_must_allow_ring_3_and_writing()
    {
        PageTableBuilder tables = new(new FrameAllocator(0x1000, MemorySize, seed: 0), PagingMode.ThirtyTwoBit);
        tables.Map(0x8048000, 0, LinuxProtection.PageReadonlyExec);
        GuestImage image = ImageOf(tables);
        PageWalk walk = image.Walk(0x8048000);
        Assert.True(walk.UserAccessible);
        Assert.False(walk.Writable);

        // The directory entry alone takes ring 3's access away.
        GuestImage supervisor = image.WithBytes(walk.Entries[0].Address, Bytes((uint)walk.Entries[0].Value!.Value & ~(uint)PageFlags.User));
        Assert.False(supervisor.Walk(0x8048000).UserAccessible);
    }

    [Fact]
    public void Pages_of_one_table_share_it()
    {
        FrameAllocator frames = new(0, MemorySize, seed: 0);
        PageTableBuilder tables = new(frames, PagingMode.ThirtyTwoBit);
        int free = frames.FreeCount;
        tables.Map(0xffffe000, 0x5000, LinuxProtection.PageReadonlyExec);
        tables.Map(0xffffd000, 0x6000, LinuxProtection.PageReadonlyExec);
        Assert.Equal(free - 1, frames.FreeCount);
    }

    [Fact]
    public void An_address_is_mapped_only_once()
    {
        PageTableBuilder tables = new(new FrameAllocator(0, MemorySize, seed: 0), PagingMode.ThirtyTwoBit);
        tables.Map(0x1000, 0x1000, LinuxProtection.PageShared);
        tables.MapLarge(0x400000, 0, LinuxProtection.PageKernelLargeExec);
        Assert.Throws<InvalidOperationException>(() => tables.Map(0x1000, 0x2000, LinuxProtection.PageShared));
        Assert.Throws<InvalidOperationException>(() => tables.Map(0x401000, 0x2000, LinuxProtection.PageShared));
        Assert.Throws<InvalidOperationException>(() => tables.MapLarge(0, 0, LinuxProtection.PageKernelLargeExec));
        Assert.Throws<InvalidOperationException>(() => tables.MapLarge(0x400000, 0, LinuxProtection.PageKernelLargeExec));
    }

    [Theory]
    [InlineData(0x1001u, 0x1000u, LinuxProtection.PageShared)]
    [InlineData(0x1000u, 0x1001u, LinuxProtection.PageShared)]
    [InlineData(0x1000u, 0x1000u, LinuxProtection.PageKernelLargeExec)]
    [InlineData(0x1000u, 0x1000u, PageFlags.Write)]
    public void A_small_page_must_be_aligned_present_and_small(uint virtualAddress, uint physicalAddress, PageFlags flags)
    {
        PageTableBuilder tables = new(new FrameAllocator(0, MemorySize, seed: 0), PagingMode.ThirtyTwoBit);
        Assert.Throws<ArgumentException>(() => tables.Map(virtualAddress, physicalAddress, flags));
    }

    [Theory]
    [InlineData(0x401000u, 0u, LinuxProtection.PageKernelLargeExec)]
    [InlineData(0x400000u, 0x1000u, LinuxProtection.PageKernelLargeExec)]
    [InlineData(0x400000u, 0u, LinuxProtection.PageShared)]
    public void A_large_page_must_be_aligned_and_large(uint virtualAddress, uint physicalAddress, PageFlags flags)
    {
        PageTableBuilder tables = new(new FrameAllocator(0, MemorySize, seed: 0), PagingMode.ThirtyTwoBit);
        Assert.Throws<ArgumentException>(() => tables.MapLarge(virtualAddress, physicalAddress, flags));
    }

    [Fact]
    public void A_walk_tells_each_step_in_words()
    {
        PageTableBuilder tables = new(new FrameAllocator(0x1000, 0x3000, seed: 0), PagingMode.ThirtyTwoBit);
        tables.Map(0xffffe000, 0, LinuxProtection.PageReadonlyExec);
        GuestImage image = ImageOf(tables);
        string walk = image.Walk(0xffffe400).ToString();
        Assert.Contains("0xffffe400: directory entry at 0x", walk, StringComparison.Ordinal);
        Assert.Contains("= 0x00000025, physical 0x00000400, user, read-only", walk, StringComparison.Ordinal);
        Assert.EndsWith("(not present), not mapped", image.Walk(0).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_walk_through_a_table_outside_memory_says_so()
    {
        PageTableBuilder tables = new(new FrameAllocator(0x1000, MemorySize, seed: 0), PagingMode.ThirtyTwoBit);
        tables.Map(0x8048000, 0, LinuxProtection.PageReadonlyExec);
        GuestImage image = ImageOf(tables);
        GuestImage broken = image.WithBytes(image.Walk(0x8048000).Entries[0].Address, Bytes(0xfffff067));
        Assert.Contains("lies outside memory, not mapped", broken.Walk(0x8048000).ToString(), StringComparison.Ordinal);
        Assert.Null(broken.Walk(0x8048000).PhysicalAddress);
    }

    [Theory]
    [InlineData(Fixmap.Vsyscall, 0xffffe000u)]
    [InlineData(Fixmap.HelloWorld, 0xffffd000u)]
    [InlineData(Fixmap.Last, 0xffc00000u)]
    public void A_fixmap_slot_lies_that_many_pages_below_the_top(int slot, uint address) => Assert.Equal(address, Fixmap.AddressOf(slot));

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(Fixmap.Last + 1)]
    public void The_guard_page_and_what_is_beyond_the_table_are_no_slots(int slot) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Fixmap.AddressOf(slot));

    private static GuestImage ImageOf(PageTableBuilder tables, bool fourLevel = false) => new()
    {
        MemorySize = MemorySize,
        Ranges = [.. tables.Tables],
        InitialState = new CpuState { Cr3 = tables.Root, Efer = fourLevel ? Efer.LongModeActive : Efer.None },
    };

    private static byte[] Bytes(uint word)
    {
        byte[] bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, word);
        return bytes;
    }
}
