// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Paging;

/// <summary>
/// Hands out free guest-physical frames of 4 KiB, each once, in an order that the seed decides: as on a running system, nobody can know
/// beforehand where a page will lie.
/// </summary>
public sealed class FrameAllocator
{
    /// <summary>Bytes of a frame.</summary>
    public const uint FrameSize = 4096;

    private readonly uint[] _free;
    private readonly Random _random;
    private int _count;

    /// <summary>An allocator over a range of frames.</summary>
    /// <param name="start">First guest-physical address, a multiple of <see cref="FrameSize"/>.</param>
    /// <param name="end">First address after the range, a multiple of <see cref="FrameSize"/>.</param>
    /// <param name="seed">Decides the order.</param>
    /// <exception cref="ArgumentException">The range is empty or not aligned.</exception>
    public FrameAllocator(uint start, uint end, int seed)
    {
        if (start % FrameSize != 0 || end % FrameSize != 0 || start >= end)
        {
            throw new ArgumentException($"0x{start:x} to 0x{end:x} is no range of whole frames.", nameof(end));
        }

        _free = new uint[(end - start) / FrameSize];
        for (int i = 0; i < _free.Length; i++)
        {
            _free[i] = start + ((uint)i * FrameSize);
        }

        _count = _free.Length;
        _random = new Random(seed);
    }

    /// <summary>Another allocator over the frames that are free in this one.</summary>
    /// <param name="other">It, which stays as it is.</param>
    /// <param name="seed">Decides the order.</param>
    public FrameAllocator(FrameAllocator other, int seed)
    {
        ArgumentNullException.ThrowIfNull(other);
        _free = [.. other._free];
        _count = other._count;
        _random = new Random(seed);
    }

    /// <summary>Frames that are still free.</summary>
    public int FreeCount => _count;

    /// <summary>Takes one free frame.</summary>
    /// <returns>Its guest-physical address.</returns>
    /// <exception cref="InvalidOperationException">None is left.</exception>
    public uint Allocate()
    {
        if (_count == 0)
        {
            throw new InvalidOperationException(
                $"All {_free.Length} frames of the guest's memory are in use. Give the guest more memory.");
        }

        // One step of a Fisher-Yates shuffle for each frame taken.
        int index = _random.Next(_count--);
        (_free[index], _free[_count]) = (_free[_count], _free[index]);
        return _free[_count];
    }

    /// <summary>Gives a frame back, which <see cref="Allocate"/> had handed out.</summary>
    /// <param name="frame">Its guest-physical address.</param>
    /// <exception cref="InvalidOperationException">More frames are given back than were taken.</exception>
    public void Free(uint frame)
    {
        if (_count == _free.Length)
        {
            throw new InvalidOperationException($"The frame at 0x{frame:x8} is given back, and none is in use.");
        }

        _free[_count++] = frame;
    }
}
