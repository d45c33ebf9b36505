// SPDX-License-Identifier: MIT

using System.Globalization;
using Iced.Intel;
using Kvmsys.Guest.Elf;

namespace Kvmsys.Monitor.Reports;

/// <summary>
/// A shared object's code as <c>objdump -d</c> shows it, from the object's own sections and symbols. Of a symbol's version it says nothing, as
/// objdump did before binutils 2.35.
/// </summary>
public sealed class ObjectDump : ISymbolResolver
{
    private const int Bitness = 32;
    private const int BytesInLine = 7;
    private const int WidthOfByte = 3;
    private const int MnemonicWidth = 7;

    // Runs of so many zeros are left out, fewer too at the end; what is not at the end, in fours.
    private const int ZerosToSkip = 8;
    private const int FewZerosAtEnd = 3;
    private const int ZeroGroup = 4;

    private readonly ElfObject _object;
    private readonly GasFormatter _formatter;

    /// <summary>A dump of an object.</summary>
    public ObjectDump(ElfObject elf)
    {
        _object = elf;
        _formatter = new GasFormatter(this);
        _formatter.Options.FirstOperandCharIndex = MnemonicWidth;
        _formatter.Options.UppercaseHex = false;
        _formatter.Options.SmallHexNumbersInDecimal = false;
    }

    /// <summary>All code of the object, under the name that a file of it would have.</summary>
    /// <param name="name">The name.</param>
    public string Disassemble(string name)
    {
        using StringWriter text = new() { NewLine = "\n" };
        text.Write(string.Create(CultureInfo.InvariantCulture, $"\n{name}:     file format elf32-i386\n\n"));
        foreach (ElfObjectSection section in _object.Sections.Where(IsCode))
        {
            text.Write(string.Create(CultureInfo.InvariantCulture, $"\nDisassembly of section {section.Name}:\n"));
            foreach ((string symbol, uint start, uint end) in Pieces(section))
            {
                text.Write(string.Create(CultureInfo.InvariantCulture, $"\n{start:x8} <{symbol}>:\n"));
                foreach (CodeLine line in Lines(section, start, end))
                {
                    text.WriteLine(LineOf(line));
                }
            }
        }

        return text.ToString();
    }

    /// <summary>The code of a symbol; no line when there is no such symbol in a section of code.</summary>
    /// <param name="symbol">The symbol's name.</param>
    public IEnumerable<CodeLine> Lines(string symbol) =>
        from section in _object.Sections.Where(IsCode)
        from piece in Pieces(section)
        where piece.Symbol == symbol
        from line in Lines(section, piece.Start, piece.End)
        select line;

    /// <inheritdoc/>
    public bool TryGetSymbol(in Instruction instruction, int operand, int instructionOperand, ulong address, int addressSize, out SymbolResult symbol)
    {
        symbol = default;
        if (instructionOperand < 0 || instruction.GetOpKind(instructionOperand) is not (OpKind.NearBranch16 or OpKind.NearBranch32))
        {
            return false;
        }

        // The whole of what objdump shows of a branch's target.
        symbol = new SymbolResult(address, string.Create(CultureInfo.InvariantCulture, $"{(uint)address:x}{Describe((uint)address)}"));
        return true;
    }

    private static bool IsCode(ElfObjectSection section) => section.Header.Flags.HasFlag(SectionFlags.Execute) && !section.Bytes.IsEmpty;

    private static string LineOf(CodeLine line) => line switch
    {
        { IsGap: true } => "\t...",
        { Text.Length: 0 } => string.Create(CultureInfo.InvariantCulture, $"{line.Address,8:x}:\t{line.Bytes} "),
        _ => string.Create(CultureInfo.InvariantCulture, $"{line.Address,8:x}:\t{line.Bytes.PadRight(BytesInLine * WidthOfByte)}\t{line.Text}"),
    };

    /// <summary>A section from symbol to symbol; what comes before the first has the section's name.</summary>
    private IEnumerable<(string Symbol, uint Start, uint End)> Pieces(ElfObjectSection section)
    {
        uint start = section.Header.Address;
        uint end = start + (uint)section.Bytes.Length;
        string name = section.Name;
        foreach (ElfObjectSymbol symbol in SymbolsIn(section))
        {
            if (symbol.Address > start)
            {
                yield return (name, start, symbol.Address);
            }

            (name, start) = (symbol.Name, symbol.Address);
        }

        yield return (name, start, end);
    }

    /// <summary>A section's symbols by address, one for each; a function before anything else.</summary>
    private IEnumerable<ElfObjectSymbol> SymbolsIn(ElfObjectSection section) => _object.Symbols
        .Where(symbol => !symbol.IsAbsolute
            && symbol.Entry.SectionIndex < _object.Sections.Length
            && ReferenceEquals(_object.Sections[symbol.Entry.SectionIndex], section)
            && symbol.Address >= section.Header.Address
            && symbol.Address - section.Header.Address < section.Bytes.Length)
        .OrderBy(symbol => symbol.Address)
        .ThenBy(symbol => symbol.Type == ElfSymbol.TypeFunction ? 0 : 1)
        .DistinctBy(symbol => symbol.Address);

    private IEnumerable<CodeLine> Lines(ElfObjectSection section, uint start, uint end)
    {
        byte[] bytes = section.Bytes.Slice((int)(start - section.Header.Address), (int)(end - start)).ToArray();
        ByteArrayCodeReader reader = new(bytes);
        Decoder decoder = Decoder.Create(Bitness, reader);
        int position = 0;
        while (position < bytes.Length)
        {
            uint address = start + (uint)position;
            if (ZerosAt(bytes, position) is int zeros and > 0)
            {
                yield return new CodeLine(address, "", "");
                position += zeros;
                continue;
            }

            reader.Position = position;
            decoder.IP = address;
            Instruction instruction = decoder.Decode();
            bool isGood = !instruction.IsInvalid;
            int length = isGood ? instruction.Length : 1;
            for (int i = 0; i < length; i += BytesInLine)
            {
                int count = Math.Min(BytesInLine, length - i);
                string hex = string.Join(' ', bytes.Skip(position + i).Take(count).Select(value => value.ToString("x2", CultureInfo.InvariantCulture)));
                yield return new CodeLine(address + (uint)i, hex, i > 0 ? "" : isGood ? Format(instruction) : "(bad)");
            }

            position += length;
        }
    }

    /// <summary>How many zeros are left out here.</summary>
    private static int ZerosAt(ReadOnlySpan<byte> bytes, int position)
    {
        int zeros = bytes[position..].IndexOfAnyExcept((byte)0);
        return zeros < 0
            ? bytes.Length - position is int rest and (>= ZerosToSkip or < FewZerosAtEnd) ? rest : 0
            : zeros >= ZerosToSkip ? zeros / ZeroGroup * ZeroGroup : 0;
    }

    private string Format(in Instruction instruction)
    {
        StringOutput output = new();
        _formatter.Format(instruction, output);
        return output.ToStringAndReset();
    }

    /// <summary>The nearest symbol at or below an address, in the section that holds it.</summary>
    private string Describe(uint address)
    {
        foreach (ElfObjectSection section in _object.Sections.Where(IsCode))
        {
            foreach ((string symbol, uint start, uint end) in Pieces(section))
            {
                if (address >= start && address < end)
                {
                    return address == start
                        ? $" <{symbol}>"
                        : string.Create(CultureInfo.InvariantCulture, $" <{symbol}+0x{address - start:x}>");
                }
            }
        }

        return "";
    }
}
