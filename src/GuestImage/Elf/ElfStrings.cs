// SPDX-License-Identifier: MIT

using System.Text;

namespace Kvmsys.Guest.Elf;

/// <summary>A section of strings: a null, for no string at all, then the strings, each with a null behind it.</summary>
internal sealed class ElfStrings
{
    private readonly Dictionary<string, uint> _offsets = [];
    private readonly byte[] _bytes;

    /// <summary>A section of these strings, in this order.</summary>
    public ElfStrings(params IEnumerable<string> strings)
    {
        List<byte> bytes = [0];
        foreach (string text in strings.Distinct())
        {
            _offsets.Add(text, (uint)bytes.Count);
            bytes.AddRange([.. Encoding.ASCII.GetBytes(text), 0]);
        }

        _bytes = [.. bytes];
    }

    /// <summary>Where a string starts.</summary>
    /// <exception cref="KeyNotFoundException">It is none of the section's.</exception>
    public uint OffsetOf(string text) => _offsets[text];

    /// <summary>The section's bytes.</summary>
    public byte[] ToArray() => [.. _bytes];
}
