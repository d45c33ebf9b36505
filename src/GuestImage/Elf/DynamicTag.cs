// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Elf;

/// <summary>d_tag: what an entry of the dynamic section tells.</summary>
public enum DynamicTag : uint
{
    /// <summary>DT_NULL: the end.</summary>
    Null = 0,

    /// <summary>DT_HASH: address of the symbols' hash table.</summary>
    Hash = 4,

    /// <summary>DT_STRTAB: address of the strings.</summary>
    StringTable = 5,

    /// <summary>DT_SYMTAB: address of the symbols.</summary>
    SymbolTable = 6,

    /// <summary>DT_STRSZ: bytes of the strings.</summary>
    StringTableSize = 10,

    /// <summary>DT_SYMENT: bytes of a symbol.</summary>
    SymbolSize = 11,

    /// <summary>DT_SONAME: the object's own name, as an offset into the strings.</summary>
    SharedObjectName = 14,

    /// <summary>DT_VERSYM: address of each symbol's version.</summary>
    GnuVersions = 0x6ffffff0,

    /// <summary>DT_VERDEF: address of the versions that are defined.</summary>
    GnuVersionDefinitions = 0x6ffffffc,

    /// <summary>DT_VERDEFNUM: versions that are defined.</summary>
    GnuVersionDefinitionCount = 0x6ffffffd,
}
