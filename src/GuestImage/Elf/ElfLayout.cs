// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Elf;

/// <summary>Where the sections of a shared object are.</summary>
/// <param name="names">The sections' names, of which the first is the null section.</param>
/// <param name="headers">The sections' headers, in the same order.</param>
internal sealed class ElfLayout(IReadOnlyList<string> names, IReadOnlyList<SectionHeader> headers)
{
    /// <summary>A section's number.</summary>
    /// <exception cref="KeyNotFoundException">There is no such section.</exception>
    public ushort IndexOf(string name)
    {
        for (int i = 0; i < names.Count; i++)
        {
            if (names[i] == name)
            {
                return (ushort)i;
            }
        }

        throw new KeyNotFoundException($"The object has no section {name}.");
    }

    /// <summary>A section's header.</summary>
    /// <exception cref="KeyNotFoundException">There is no such section.</exception>
    public SectionHeader HeaderOf(string name) => headers[IndexOf(name)];

    /// <summary>A section's virtual address.</summary>
    /// <exception cref="KeyNotFoundException">There is no such section.</exception>
    public uint AddressOf(string name) => HeaderOf(name).Address;
}
