// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Elf;

/// <summary>
/// Elf32_Nhdr: what a note begins with (System V gABI, chapter 5, "Note Section"). Name and contents follow, each padded to 4 bytes.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct NoteHeader
{
    /// <summary>Bytes of this header.</summary>
    public const int Size = 12;

    /// <summary>n_namesz: bytes of the owner's name with its null, without padding.</summary>
    public uint NameSize;

    /// <summary>n_descsz: bytes of the contents, without padding.</summary>
    public uint DescriptionSize;

    /// <summary>n_type: what the contents are; its owner defines it.</summary>
    public uint Type;
}
