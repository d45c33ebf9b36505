// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Elf;

/// <summary>Elf32_Verdaux: a name of a version that the object defines (LSB Core, "Symbol Versioning").</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct VersionName
{
    /// <summary>Bytes of a name.</summary>
    public const int Size = 8;

    /// <summary>vda_name: where it starts in the strings.</summary>
    public uint Name;

    /// <summary>vda_next: bytes from here to the next name; 0 in the last.</summary>
    public uint NextOffset;
}
