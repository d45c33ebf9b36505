// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Elf;

/// <summary>A section of a shared object to be written.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">sh_type.</param>
/// <param name="Alignment">Its address is a multiple of this many bytes.</param>
/// <param name="Content">Its bytes, for a layout; how many they are must not depend on the layout's addresses.</param>
internal sealed record ElfSection(string Name, SectionType Type, uint Alignment, Func<ElfLayout, byte[]> Content)
{
    /// <summary>sh_flags.</summary>
    public SectionFlags Flags { get; init; } = SectionFlags.Allocate;

    /// <summary>Virtual address; null for the next that is free.</summary>
    public uint? Address { get; init; }

    /// <summary>Name of the section that belongs to this one: sh_link.</summary>
    public string? Link { get; init; }

    /// <summary>sh_info.</summary>
    public uint Info { get; init; }

    /// <summary>Bytes of an entry in a table: sh_entsize.</summary>
    public uint EntrySize { get; init; }
}
