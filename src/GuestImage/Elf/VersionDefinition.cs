// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Elf;

/// <summary>Elf32_Verdef: a version that the object defines (LSB Core, "Symbol Versioning").</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct VersionDefinition
{
    /// <summary>VER_DEF_CURRENT.</summary>
    public const ushort CurrentRevision = 1;

    /// <summary>Bytes of a definition, without its names.</summary>
    public const int Size = 20;

    /// <summary>vd_version: <see cref="CurrentRevision"/>.</summary>
    public ushort Revision;

    /// <summary>vd_flags.</summary>
    public VersionFlags Flags;

    /// <summary>vd_ndx: the number under which symbols name it.</summary>
    public ushort Index;

    /// <summary>vd_cnt: names.</summary>
    public ushort NameCount;

    /// <summary>vd_hash: hash of the name, as in the symbols' hash table.</summary>
    public uint Hash;

    /// <summary>vd_aux: bytes from here to the first name.</summary>
    public uint NameOffset;

    /// <summary>vd_next: bytes from here to the next definition; 0 in the last.</summary>
    public uint NextOffset;
}
