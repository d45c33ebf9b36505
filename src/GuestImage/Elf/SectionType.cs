// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Elf;

/// <summary>sh_type: what a section is.</summary>
public enum SectionType : uint
{
    /// <summary>SHT_NULL: nothing.</summary>
    Null = 0,

    /// <summary>SHT_PROGBITS: what the program means by it.</summary>
    ProgramBits = 1,

    /// <summary>SHT_SYMTAB: the whole symbol table.</summary>
    SymbolTable = 2,

    /// <summary>SHT_STRTAB: strings.</summary>
    StringTable = 3,

    /// <summary>SHT_HASH: the symbols' hash table.</summary>
    Hash = 5,

    /// <summary>SHT_DYNAMIC: what a dynamic linker needs.</summary>
    Dynamic = 6,

    /// <summary>SHT_NOTE: notes.</summary>
    Note = 7,

    /// <summary>SHT_NOBITS: zeros, which take no place in the file.</summary>
    NoBits = 8,

    /// <summary>SHT_DYNSYM: the symbols that a dynamic linker needs.</summary>
    DynamicSymbols = 11,

    /// <summary>SHT_GNU_verdef: the versions that are defined.</summary>
    GnuVersionDefinitions = 0x6ffffffd,

    /// <summary>SHT_GNU_versym: each symbol's version.</summary>
    GnuVersions = 0x6fffffff,
}
