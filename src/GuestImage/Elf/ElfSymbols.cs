// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Elf;

/// <summary>
/// The names in a program's .symtab. They help people and change nothing for the program, so a table that makes no sense, as a whole or
/// in part, means fewer names and never a refusal.
/// </summary>
internal static class ElfSymbols
{
    // Far more than a static program with a C library has (2,000), and bounds on what a hostile file costs, whose names may share bytes.
    private const int MaxCount = 1 << 15;
    private const int MaxNameLength = 128;
    private const int MaxTotalLength = 1 << 21;

    /// <summary>SHN_LORESERVE: from here on an index means something else than a section.</summary>
    private const ushort FirstReservedIndex = 0xff00;

    /// <summary>Functions, objects, and the labels of code that was written in assembly, by address, each name once.</summary>
    /// <param name="header">The file's header.</param>
    /// <param name="bias">What is added to the file's addresses.</param>
    /// <param name="segments">The program's memory: a symbol outside it names nothing.</param>
    /// <param name="file">The file.</param>
    public static ImmutableArray<Symbol> Read(in ElfHeader header, uint bias, ImmutableArray<ProgramSegment> segments, ReadOnlySpan<byte> file)
    {
        ReadOnlySpan<SectionHeader> sections = header.SectionHeaderSize == SectionHeader.Size
            ? Table<SectionHeader>(file, header.SectionHeaderOffset, (uint)header.SectionHeaderCount * SectionHeader.Size)
            : [];
        foreach (ref readonly SectionHeader section in sections)
        {
            if (section.Type == SectionType.SymbolTable && section.EntrySize == ElfSymbol.Size && section.Link < sections.Length)
            {
                ReadOnlySpan<ElfSymbol> symbols = Table<ElfSymbol>(file, section.Offset, section.SectionSize);
                ref readonly SectionHeader names = ref sections[(int)section.Link];
                return Read(symbols, sections, Table<byte>(file, names.Offset, names.SectionSize), bias, segments);
            }
        }

        return [];
    }

    private static ImmutableArray<Symbol> Read(
        ReadOnlySpan<ElfSymbol> table, ReadOnlySpan<SectionHeader> sections, ReadOnlySpan<byte> names, uint bias, ImmutableArray<ProgramSegment> segments)
    {
        table = table[..Math.Min(table.Length, MaxCount)];
        List<Symbol> symbols = [];
        HashSet<string> taken = [];
        int totalLength = 0;

        // What is global keeps its name, and a file's own function of the same name gets its address added.
        foreach (bool local in (ReadOnlySpan<bool>)[false, true])
        {
            foreach (ref readonly ElfSymbol symbol in table)
            {
                uint address = unchecked(symbol.Value + bias);
                if (symbol.Info >> 4 == 0 != local || !IsNameworthy(symbol, sections) || symbol.Name >= names.Length || !IsIn(segments, address)
                    || totalLength > MaxTotalLength)
                {
                    continue;
                }

                string name = PrintableText.From(names[(int)symbol.Name..], MaxNameLength);
                totalLength += name.Length;
                if (name.Length > 0 && (taken.Add(name) || taken.Add(name = $"{name}@{address:x}")))
                {
                    symbols.Add(new(address, name));
                }
            }
        }

        // Of several names for one address the last is the one that a table of symbols shows: let it be a global one.
        symbols.Reverse();
        return [.. symbols.OrderBy(symbol => symbol.Address)];
    }

    private static bool IsNameworthy(in ElfSymbol symbol, ReadOnlySpan<SectionHeader> sections)
    {
        const byte typeNone = 0;
        const byte typeIndirectFunction = 10;
        if (symbol.SectionIndex is ElfSymbol.SectionUndefined or >= FirstReservedIndex || symbol.SectionIndex >= sections.Length)
        {
            return false;
        }

        return (symbol.Info & 0xf) switch
        {
            ElfSymbol.TypeFunction or ElfSymbol.TypeObject or typeIndirectFunction => true,
            typeNone => sections[symbol.SectionIndex].Flags.HasFlag(SectionFlags.Execute),
            _ => false,
        };
    }

    private static bool IsIn(ImmutableArray<ProgramSegment> segments, uint address)
    {
        int low = 0;
        int high = segments.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (address >= segments[middle].End)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low < segments.Length && address >= segments[low].Address;
    }

    // What of a table is whole; nothing when it is not in the file.
    private static ReadOnlySpan<T> Table<T>(ReadOnlySpan<byte> file, uint offset, uint size)
        where T : unmanaged =>
        (ulong)offset + size <= (ulong)file.Length ? MemoryMarshal.Cast<byte, T>(file.Slice((int)offset, (int)size)) : [];
}
