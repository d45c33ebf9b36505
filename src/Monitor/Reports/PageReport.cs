// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using System.Globalization;
using Kvmsys.Guest;
using Kvmsys.Guest.Elf;

namespace Kvmsys.Monitor.Reports;

/// <summary>The vsyscall page, as a program in the guest has read it.</summary>
/// <param name="Bytes">What the program wrote: the page.</param>
/// <param name="Guest">The guest that it ran in.</param>
public sealed record PageReport(ReadOnlyMemory<byte> Bytes, I386Guest Guest)
{
    private const int BytesInLine = 16;

    /// <summary>The shared object that the page is.</summary>
    public ElfObject Elf { get; } = ElfObject.Parse(Bytes);

    /// <summary>The object's own name, or what is known of it without one.</summary>
    public string Name => Elf.SharedObjectName ?? "vsyscall page";

    /// <summary>What the page is and where it lies, in a line.</summary>
    public string Title => string.Create(
        CultureInfo.InvariantCulture,
        $"vsyscall page ({Spelling.Of(Guest.Vsyscall)}): virtual 0x{VirtualAddress:x8}, physical 0x{PhysicalAddress:x8}");

    /// <summary>The fixed address.</summary>
    public uint VirtualAddress => Guest.Image.FixmapPages[0].VirtualAddress;

    /// <summary>The frame that the page got.</summary>
    public uint PhysicalAddress => Guest.Image.FixmapPages[0].PhysicalAddress;

    /// <summary>What the ELF header says, in a line.</summary>
    public string HeaderFacts => string.Create(
        CultureInfo.InvariantCulture,
        $"{Name}: entry 0x{Elf.Header.Entry:x8}, {Elf.ProgramHeaders.Length} program headers at 0x{Elf.Header.ProgramHeaderOffset:x}, {Elf.Sections.Length} section headers at 0x{Elf.Header.SectionHeaderOffset:x}");

    /// <summary>The symbols by address; those that are no addresses come last.</summary>
    public ImmutableArray<ElfObjectSymbol> Symbols => [.. Elf.Symbols.OrderBy(symbol => symbol.IsAbsolute).ThenBy(symbol => symbol.Address)];

    /// <summary>The page's code as objdump shows it.</summary>
    public string Disassembly => new ObjectDump(Elf).Disassemble(Name);

    /// <summary>The code at the entry, a line each, without tabs.</summary>
    public ImmutableArray<string> EntryCode
    {
        get
        {
            const int bytesColumn = 21;
            return Symbols.FirstOrDefault(symbol => symbol.Address == Elf.Header.Entry)?.Name is string entry
                ? [$"{Elf.Header.Entry:x8} <{entry}>:", .. new ObjectDump(Elf).Lines(entry).Where(line => !line.IsGap).Select(Line)]
                : [];

            static string Line(CodeLine line) =>
                string.Create(CultureInfo.InvariantCulture, $"{line.Address:x8}:  {line.Bytes.PadRight(bytesColumn)}  {line.Text}");
        }
    }

    /// <summary>The bytes as <c>hexdump -C</c> shows them, at their virtual addresses.</summary>
    public string Hexdump
    {
        get
        {
            using StringWriter text = new();
            ReadOnlySpan<byte> before = [];
            bool isRepeating = false;
            for (int offset = 0; offset < Bytes.Length; offset += BytesInLine)
            {
                ReadOnlySpan<byte> line = Bytes.Span.Slice(offset, Math.Min(BytesInLine, Bytes.Length - offset));
                if (offset > 0 && line.SequenceEqual(before))
                {
                    text.Write(isRepeating ? "" : "*\n");
                    isRepeating = true;
                    continue;
                }

                isRepeating = false;
                before = line;
                text.Write(HexLine(VirtualAddress + (uint)offset, line));
            }

            text.Write(string.Create(CultureInfo.InvariantCulture, $"{VirtualAddress + (uint)Bytes.Length:x8}\n"));
            return text.ToString();
        }
    }

    /// <summary>The name of a symbol's type, as readelf has it.</summary>
    public static string TypeOf(ElfObjectSymbol symbol) => symbol.Type switch
    {
        ElfSymbol.TypeFunction => "FUNC",
        ElfSymbol.TypeObject => "OBJECT",
        0 => "NOTYPE",
        byte other => other.ToString(CultureInfo.InvariantCulture),
    };

    private static string HexLine(uint address, ReadOnlySpan<byte> bytes)
    {
        const int half = BytesInLine / 2;
        const int hexColumns = (BytesInLine * 3) + 1;
        string hex = "";
        string characters = "";
        for (int i = 0; i < bytes.Length; i++)
        {
            hex += string.Create(CultureInfo.InvariantCulture, $"{(i == half ? " " : "")}{bytes[i]:x2} ");
            characters += bytes[i] is >= 0x20 and < 0x7f ? (char)bytes[i] : '.';
        }

        return string.Create(CultureInfo.InvariantCulture, $"{address:x8}  {hex.PadRight(hexColumns)} |{characters}|\n");
    }
}
