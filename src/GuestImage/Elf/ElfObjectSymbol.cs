// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Elf;

/// <summary>A symbol of an <see cref="ElfObject"/>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Entry">Its entry in the table.</param>
/// <param name="Version">The version that it belongs to; null when it has none.</param>
public sealed record ElfObjectSymbol(string Name, ElfSymbol Entry, string? Version)
{
    /// <summary>Its address; of an absolute symbol, its value.</summary>
    public uint Address => Entry.Value;

    /// <summary>Bytes of what it names.</summary>
    public uint Size => Entry.ObjectSize;

    /// <summary>STT_FUNC, STT_OBJECT and so on: the low four bits of st_info.</summary>
    public byte Type => (byte)(Entry.Info & 0xf);

    /// <summary>Whether its value is no address (SHN_ABS).</summary>
    public bool IsAbsolute => Entry.SectionIndex == ElfSymbol.SectionAbsolute;
}
