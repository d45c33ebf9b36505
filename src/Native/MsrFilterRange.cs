// SPDX-License-Identifier: MIT

using Kvmsys.Native.Abi;

namespace Kvmsys.Native;

/// <summary>A run of model-specific registers whose accesses a filter allows or denies one by one.</summary>
public sealed class MsrFilterRange
{
    /// <summary>A range.</summary>
    /// <param name="access">Whether the bitmap speaks of reads, writes or both.</param>
    /// <param name="firstMsr">First register.</param>
    /// <param name="count">Number of registers.</param>
    /// <param name="bitmap">One bit a register, the first in bit 0 of the first byte: set allows, clear denies.</param>
    /// <exception cref="ArgumentException">The bitmap has fewer bits than there are registers.</exception>
    public MsrFilterRange(KvmMsrFilterAccess access, uint firstMsr, int count, ReadOnlyMemory<byte> bitmap)
    {
        // KVM reads whole 64-bit words of the bitmap.
        int needed = (count + 63) / 64 * sizeof(ulong);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (bitmap.Length < needed)
        {
            throw new ArgumentException($"A bitmap of {bitmap.Length} bytes; {count} registers need {needed}.", nameof(bitmap));
        }

        Access = access;
        FirstMsr = firstMsr;
        Count = count;
        Bitmap = bitmap;
    }

    /// <summary>Whether the bitmap speaks of reads, writes or both.</summary>
    public KvmMsrFilterAccess Access { get; }

    /// <summary>First register.</summary>
    public uint FirstMsr { get; }

    /// <summary>Number of registers.</summary>
    public int Count { get; }

    /// <summary>One bit a register: set allows, clear denies.</summary>
    public ReadOnlyMemory<byte> Bitmap { get; }
}
