// SPDX-License-Identifier: MIT

using FsCheck.Xunit;
using Kvmsys.Guest.Paging;

namespace Kvmsys.Tests.NoDevice.Images;

public sealed class FrameAllocatorTests
{
    private const uint Start = 0x200000;
    private const uint End = 0x400000;

    [Property]
    public bool Every_frame_is_handed_out_exactly_once(int seed)
    {
        FrameAllocator frames = new(Start, End, seed);
        uint[] all = [.. Enumerable.Range(0, frames.FreeCount).Select(_ => frames.Allocate())];
        return frames.FreeCount == 0
            && all.Distinct().Count() == (End - Start) / FrameAllocator.FrameSize
            && all.All(frame => frame is >= Start and < End && frame % FrameAllocator.FrameSize == 0);
    }

    [Property]
    public bool The_same_seed_gives_the_same_order(int seed)
    {
        FrameAllocator first = new(Start, End, seed);
        FrameAllocator second = new(Start, End, seed);
        return Enumerable.Range(0, 100).All(_ => first.Allocate() == second.Allocate());
    }

    [Fact]
    public void Other_seeds_give_other_first_frames()
    {
        uint[] firsts = [.. Enumerable.Range(0, 100).Select(seed => new FrameAllocator(Start, End, seed).Allocate())];
        Assert.True(firsts.Distinct().Count() > 50, "The first frame hardly depends on the seed.");
    }

    [Fact]
    public void An_exhausted_allocator_says_how_many_frames_there_were_and_what_to_do()
    {
        FrameAllocator frames = new(0, FrameAllocator.FrameSize, seed: 0);
        frames.Allocate();
        InvalidOperationException exception = Assert.Throws<InvalidOperationException>(() => frames.Allocate());
        Assert.Contains("All 1 frames", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Give the guest more memory", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1u, 0x2000u)]
    [InlineData(0x1000u, 0x2001u)]
    [InlineData(0x2000u, 0x2000u)]
    [InlineData(0x3000u, 0x2000u)]
    public void A_range_that_is_not_whole_frames_is_refused(uint start, uint end) =>
        Assert.Throws<ArgumentException>(() => new FrameAllocator(start, end, seed: 0));

    [Fact]
    public void Another_allocator_over_the_same_frames_gives_each_of_them_too()
    {
        FrameAllocator one = new(0x200000, 0x210000, seed: 1);
        uint taken = one.Allocate();
        FrameAllocator other = new(one, seed: 2);
        HashSet<uint> frames = [.. Enumerable.Range(0, other.FreeCount).Select(_ => other.Allocate())];
        Assert.Equal((15, 15, false), (frames.Count, one.FreeCount, frames.Contains(taken)));
    }
}
