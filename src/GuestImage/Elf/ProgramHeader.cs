// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Elf;

/// <summary>Elf32_Phdr: a segment (System V gABI, chapter 5, "Program Header").</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ProgramHeader
{
    /// <summary>Bytes of this header.</summary>
    public const int Size = 32;

    /// <summary>p_type.</summary>
    public SegmentType Type;

    /// <summary>p_offset: file offset of the first byte.</summary>
    public uint Offset;

    /// <summary>p_vaddr: virtual address of the first byte.</summary>
    public uint VirtualAddress;

    /// <summary>p_paddr: unused.</summary>
    public uint PhysicalAddress;

    /// <summary>p_filesz: bytes in the file.</summary>
    public uint FileSize;

    /// <summary>p_memsz: bytes in memory; those that the file does not have are zero.</summary>
    public uint MemorySize;

    /// <summary>p_flags.</summary>
    public SegmentFlags Flags;

    /// <summary>p_align: address and offset are equal modulo this.</summary>
    public uint Alignment;
}
