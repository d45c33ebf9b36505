// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Elf;

/// <summary>Elf32_Ehdr, the first 52 bytes of an ELF file (System V gABI, chapter 4, "ELF Header"). Little-endian, as i386 is.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ElfHeader
{
    /// <summary>ELFMAG: 0x7f, 'E', 'L', 'F'.</summary>
    public const uint ElfMagic = 0x464c457f;

    /// <summary>ELFCLASS32.</summary>
    public const byte Class32 = 1;

    /// <summary>ELFDATA2LSB.</summary>
    public const byte LittleEndian = 1;

    /// <summary>EV_CURRENT.</summary>
    public const byte CurrentVersion = 1;

    /// <summary>EM_386.</summary>
    public const ushort Machine386 = 3;

    /// <summary>Bytes of this header.</summary>
    public const int Size = 52;

    /// <summary>e_ident, bytes 0 to 3: <see cref="ElfMagic"/>.</summary>
    public uint Magic;

    /// <summary>EI_CLASS: <see cref="Class32"/>.</summary>
    public byte Class;

    /// <summary>EI_DATA: <see cref="LittleEndian"/>.</summary>
    public byte Data;

    /// <summary>EI_VERSION: <see cref="CurrentVersion"/>.</summary>
    public byte IdentVersion;

    /// <summary>EI_OSABI: 0 for System V, 3 for GNU/Linux.</summary>
    public byte OsAbi;

    /// <summary>EI_ABIVERSION and the padding behind it.</summary>
    public ulong Padding;

    /// <summary>e_type.</summary>
    public ElfType Type;

    /// <summary>e_machine: <see cref="Machine386"/>.</summary>
    public ushort Machine;

    /// <summary>e_version.</summary>
    public uint Version;

    /// <summary>e_entry: virtual address of the first instruction.</summary>
    public uint Entry;

    /// <summary>e_phoff: file offset of the program headers.</summary>
    public uint ProgramHeaderOffset;

    /// <summary>e_shoff: file offset of the section headers.</summary>
    public uint SectionHeaderOffset;

    /// <summary>e_flags: 0 on i386.</summary>
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
