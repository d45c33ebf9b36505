// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Elf;

/// <summary>Elf64_Ehdr, the first 64 bytes of a 64-bit ELF file (System V gABI, chapter 4, "ELF Header").</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ElfHeader64
{
    /// <summary>ELFCLASS64.</summary>
    public const byte Class64 = 2;

    /// <summary>EM_X86_64.</summary>
    public const ushort MachineX8664 = 62;

    /// <summary>Bytes of this header.</summary>
    public const int Size = 64;

    /// <summary>e_ident, bytes 0 to 3: <see cref="ElfHeader.ElfMagic"/>.</summary>
    public uint Magic;

    /// <summary>EI_CLASS: <see cref="Class64"/>.</summary>
    public byte Class;

    /// <summary>EI_DATA: <see cref="ElfHeader.LittleEndian"/>.</summary>
    public byte Data;

    /// <summary>EI_VERSION: <see cref="ElfHeader.CurrentVersion"/>.</summary>
    public byte IdentVersion;

    /// <summary>EI_OSABI: 0 for System V.</summary>
    public byte OsAbi;

    /// <summary>EI_ABIVERSION and the padding behind it.</summary>
    public ulong Padding;

    /// <summary>e_type.</summary>
    public ElfType Type;

    /// <summary>e_machine: <see cref="MachineX8664"/>.</summary>
    public ushort Machine;

    /// <summary>e_version.</summary>
    public uint Version;

    /// <summary>e_entry: virtual address of the first instruction.</summary>
    public ulong Entry;

    /// <summary>e_phoff: file offset of the program headers.</summary>
    public ulong ProgramHeaderOffset;

    /// <summary>e_shoff: file offset of the section headers.</summary>
    public ulong SectionHeaderOffset;

    /// <summary>e_flags: 0 on x86-64.</summary>
    public uint Flags;

    /// <summary>e_ehsize: bytes of this header.</summary>
    public ushort HeaderSize;

    /// <summary>e_phentsize: bytes of a program header.</summary>
    public ushort ProgramHeaderSize;

    /// <summary>e_phnum: program headers.</summary>
    public ushort ProgramHeaderCount;

    /// <summary>e_shentsize: bytes of a section header.</summary>
    public ushort SectionHeaderSize;

    /// <summary>e_shnum: section headers.</summary>
    public ushort SectionHeaderCount;

    /// <summary>e_shstrndx: the section that holds the sections' names.</summary>
    public ushort SectionNameIndex;
}
