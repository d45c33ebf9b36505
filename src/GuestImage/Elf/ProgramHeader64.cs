// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Elf;

/// <summary>Elf64_Phdr: a segment of a 64-bit file (System V gABI, chapter 5, "Program Header").</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ProgramHeader64
{
    /// <summary>Bytes of this header.</summary>
    public const int Size = 56;

    /// <summary>p_type.</summary>
    public SegmentType Type;

    /// <summary>p_flags.</summary>
    public SegmentFlags Flags;

    /// <summary>p_offset: file offset of the first byte.</summary>
    public ulong Offset;

    /// <summary>p_vaddr: virtual address of the first byte.</summary>
    public ulong VirtualAddress;

    /// <summary>p_paddr: unused.</summary>
    public ulong PhysicalAddress;

    /// <summary>p_filesz: bytes in the file.</summary>
    public ulong FileSize;

    /// <summary>p_memsz: bytes in memory; those that the file does not have are zero.</summary>
    public ulong MemorySize;

    /// <summary>p_align: address and offset are equal modulo this.</summary>
    public ulong Alignment;
}
