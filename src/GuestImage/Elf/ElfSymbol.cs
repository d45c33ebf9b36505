// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Elf;

/// <summary>Elf32_Sym: a symbol (System V gABI, chapter 4, "Symbol Table").</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ElfSymbol
{
    /// <summary>Bytes of a symbol.</summary>
    public const int Size = 16;

    /// <summary>STT_OBJECT.</summary>
    public const byte TypeObject = 1;

    /// <summary>STT_FUNC.</summary>
    public const byte TypeFunction = 2;

    /// <summary>STB_GLOBAL.</summary>
    public const byte BindingGlobal = 1;

    /// <summary>SHN_UNDEF: defined elsewhere.</summary>
    public const ushort SectionUndefined = 0;

    /// <summary>SHN_ABS: the value is no address.</summary>
    public const ushort SectionAbsolute = 0xfff1;

    /// <summary>st_name: where the name starts in the section of strings.</summary>
    public uint Name;

    /// <summary>st_value: its address.</summary>
    public uint Value;

    /// <summary>st_size: bytes.</summary>
    public uint ObjectSize;

    /// <summary>st_info: type in the low four bits, binding above.</summary>
    public byte Info;

    /// <summary>st_other: visibility.</summary>
    public byte Other;

    /// <summary>st_shndx: the section that it is defined in.</summary>
    public ushort SectionIndex;
}
