// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Elf;

/// <summary>The section of the versions that an object defines.</summary>
internal static class ElfVersions
{
    /// <summary>Definitions of one name each, numbered from 1 on; the first is the object itself.</summary>
    public static byte[] Define(ElfStrings strings, IReadOnlyList<string> names)
    {
        const int stride = VersionDefinition.Size + VersionName.Size;
        byte[] bytes = new byte[names.Count * stride];
        for (int i = 0; i < names.Count; i++)
        {
            Span<byte> place = bytes.AsSpan(i * stride);
            MemoryMarshal.Write(place, new VersionDefinition
            {
                Revision = VersionDefinition.CurrentRevision,
                Flags = i == 0 ? VersionFlags.Base : VersionFlags.None,
                Index = (ushort)(i + 1),
                NameCount = 1,
                Hash = ElfHashTable.Hash(names[i]),
                NameOffset = VersionDefinition.Size,
                NextOffset = i == names.Count - 1 ? 0u : stride,
            });
            MemoryMarshal.Write(place[VersionDefinition.Size..], new VersionName { Name = strings.OffsetOf(names[i]) });
        }

        return bytes;
    }
}
