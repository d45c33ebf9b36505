// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Elf;

/// <summary>A run of pages of a program, as it is when the program starts.</summary>
/// <param name="Address">Virtual address of the first byte, a multiple of 4096.</param>
/// <param name="Bytes">What its memory starts with; all behind that is zero. At most <paramref name="MemorySize"/> bytes.</param>
/// <param name="MemorySize">Bytes of memory, a multiple of 4096.</param>
/// <param name="Flags">What its memory may be used for.</param>
public readonly record struct ProgramSegment(uint Address, ReadOnlyMemory<byte> Bytes, uint MemorySize, SegmentFlags Flags)
{
    /// <summary>First virtual address behind it.</summary>
    public uint End => Address + MemorySize;
}
