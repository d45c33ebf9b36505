// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using System.Text;

namespace Kvmsys.Guest.Elf;

/// <summary>The hash table by which a dynamic linker finds a symbol (System V gABI, chapter 5, "Hash Table").</summary>
public static class ElfHashTable
{
    /// <summary>The hash of a name.</summary>
    public static uint Hash(string name)
    {
        uint hash = 0;
        foreach (byte character in Encoding.ASCII.GetBytes(name))
        {
            hash = (hash << 4) + character;
            uint overflow = hash & 0xf0000000;
            hash = (hash ^ overflow >> 24) & ~overflow;
        }

        return hash;
    }

    /// <summary>
    /// The table: numbers of buckets and of symbols, each bucket's first symbol, and each symbol's successor in its bucket. 0 ends a
    /// bucket.
    /// </summary>
    /// <param name="names">The symbols' names in the order of the symbols, of which the first is the null symbol.</param>
    /// <param name="bucketCount">Buckets.</param>
    public static byte[] Encode(IReadOnlyList<string> names, int bucketCount)
    {
        ArgumentNullException.ThrowIfNull(names);
        uint[] buckets = new uint[bucketCount];
        uint[] successors = new uint[names.Count];
        for (int symbol = 1; symbol < names.Count; symbol++)
        {
            ref uint first = ref buckets[Hash(names[symbol]) % (uint)bucketCount];
            successors[symbol] = first;
            first = (uint)symbol;
        }

        return [.. MemoryMarshal.AsBytes<uint>([(uint)bucketCount, (uint)names.Count, .. buckets, .. successors])];
    }
}
