// SPDX-License-Identifier: MIT

using System.Globalization;
using Iced.Intel;
using Kvmsys.Guest;
using Kvmsys.Guest.Paging;

namespace Kvmsys.Monitor.Machine;

/// <summary>Guest code for people, in the syntax of objdump, with the image's symbols.</summary>
public sealed class Disassembly : ISymbolResolver
{
    /// <summary>An instruction has at most so many bytes (SDM Vol. 2, 2.3.11).</summary>
    public const int MaxInstructionBytes = 15;

    private const int LinesBefore = 3;
    private const int LinesAfter = 3;
    private const int BytesColumn = 22;

    // Code is decoded from the symbol before it, when that is no further away.
    private const uint MaxLeadIn = 256;

    private readonly SymbolTable _symbols;
    private readonly GasFormatter _formatter;

    /// <summary>A disassembler that knows these symbols.</summary>
    public Disassembly(SymbolTable symbols)
    {
        _symbols = symbols;
        _formatter = new GasFormatter(this);
        _formatter.Options.FirstOperandCharIndex = 7;
        _formatter.Options.UppercaseHex = false;
    }

    /// <summary>The lines around an instruction, which is marked.</summary>
    /// <param name="ram">The guest's memory.</param>
    /// <param name="tables">The page tables; null when paging is off.</param>
    /// <param name="address">Linear address of the instruction.</param>
    /// <param name="bitness">32 or 64: the mode in which the CPU executes it.</param>
    /// <returns>No line when the address is not mapped.</returns>
    public IReadOnlyList<string> Around(GuestRam ram, PageTableRoot? tables, uint address, int bitness)
    {
        uint start = address;
        foreach (Symbol symbol in _symbols.All)
        {
            if (symbol.Address <= address && address - symbol.Address < MaxLeadIn)
            {
                start = symbol.Address;
            }
        }

        byte[] bytes = new byte[address - start + ((LinesAfter + 1) * MaxInstructionBytes)];
        int length = ram.ReadLinear(tables, start, bytes);
        List<string> before = [];
        List<string> lines = [];
        foreach (Instruction instruction in Decode(bytes.AsMemory(0, length), start, bitness))
        {
            List<string> target = instruction.IP32 < address ? before : lines;
            ReadOnlySpan<byte> encoded = bytes.AsSpan((int)(instruction.IP32 - start), Math.Min(instruction.Length, length - (int)(instruction.IP32 - start)));
            target.Add(Line(instruction, encoded, marked: instruction.IP32 == address));
            if (lines.Count > LinesAfter)
            {
                break;
            }
        }

        return [.. before.Skip(before.Count - LinesBefore), .. lines];
    }

    /// <summary>The first instruction of some bytes, or null when they are none.</summary>
    public static Instruction? DecodeOne(ReadOnlyMemory<byte> bytes, uint address, int bitness)
    {
        Instruction instruction = Decode(bytes, address, bitness).FirstOrDefault();
        return instruction.IsInvalid || instruction.Length == 0 ? null : instruction;
    }

    /// <summary>An instruction's text.</summary>
    public string Format(in Instruction instruction)
    {
        StringOutput output = new();
        _formatter.Format(instruction, output);
        return output.ToStringAndReset();
    }

    /// <inheritdoc/>
    public bool TryGetSymbol(in Instruction instruction, int operand, int instructionOperand, ulong address, int addressSize, out SymbolResult symbol)
    {
        string? name = addressSize >= sizeof(uint) && address <= uint.MaxValue ? _symbols.Describe((uint)address) : null;
        symbol = name is null ? default : new SymbolResult(address, name);
        return name is not null;
    }

    private static IEnumerable<Instruction> Decode(ReadOnlyMemory<byte> bytes, uint address, int bitness)
    {
        Decoder decoder = Decoder.Create(bitness, bytes.ToArray());
        decoder.IP = address;
        uint end = address + (uint)bytes.Length;
        while ((uint)decoder.IP < end)
        {
            yield return decoder.Decode();
        }
    }

    private string Line(in Instruction instruction, ReadOnlySpan<byte> bytes, bool marked)
    {
        string hex = string.Join(' ', Convert.ToHexStringLower(bytes).Chunk(2).Select(pair => new string(pair)));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{(marked ? "=>" : "  ")} {instruction.IP32:x8}  {hex.PadRight(BytesColumn)}  {Format(instruction)}");
    }
}
