// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Elf;

/// <summary>Elf32_Shdr: a section (System V gABI, chapter 4, "Sections").</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct SectionHeader
{
    /// <summary>Bytes of this header.</summary>
    public const int Size = 40;

    /// <summary>sh_name: where the name starts in the section of names.</summary>
    public uint Name;

    /// <summary>sh_type.</summary>
    public SectionType Type;

    /// <summary>sh_flags.</summary>
    public SectionFlags Flags;

    /// <summary>sh_addr: virtual address; 0 when it is not in memory.</summary>
    public uint Address;

    /// <summary>sh_offset: file offset.</summary>
    public uint Offset;

    /// <summary>sh_size: bytes.</summary>
    public uint SectionSize;

    /// <summary>sh_link: a section that belongs to this one.</summary>
    public uint Link;

    /// <summary>sh_info: depends on the type.</summary>
    public uint Info;

    /// <summary>sh_addralign: the address is a multiple of this.</summary>
    public uint Alignment;

    /// <summary>sh_entsize: bytes of an entry, in a section that is a table.</summary>
    public uint EntrySize;
}
