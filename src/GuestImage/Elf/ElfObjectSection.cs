// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Elf;

/// <summary>A section of an <see cref="ElfObject"/>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Header">Its header.</param>
/// <param name="Bytes">Its bytes; none of a section that takes no place in the file.</param>
public sealed record ElfObjectSection(string Name, SectionHeader Header, ReadOnlyMemory<byte> Bytes);
