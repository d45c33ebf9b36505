// SPDX-License-Identifier: MIT

using Kvmsys.Guest;
using Kvmsys.Guest.Elf;
using Kvmsys.Guest.Kernel;
using static Kvmsys.Fuzz.Targets.BrokenInvariantException;

namespace Kvmsys.Fuzz.Targets;

/// <summary>The program loader: a file is refused with one line that can be printed, or its pages are ones that a guest can be given.</summary>
internal sealed class ElfTarget : IFuzzTarget
{
    private const uint PageSize = 4096;
    private const uint MaxBytes = 64 << 20;
    private const int MaxMessageLength = 500;

    /// <inheritdoc/>
    public string Name => "elf";

    /// <inheritdoc/>
    public IReadOnlyList<byte[]> Dictionary { get; } =
    [
        .. new uint[]
        {
            (uint)SegmentType.Load, (uint)SegmentType.Interpreter, (uint)SegmentType.ProgramHeaders, (uint)SegmentType.GnuStack,
            (uint)SectionType.SymbolTable, (uint)SectionType.StringTable, PageSize, MaxBytes, KernelLayout.PageOffset,
            ElfExecutable.LowestAddress, ElfExecutable.PositionIndependentBase, ElfHeader.Size, ProgramHeader.Size, SectionHeader.Size,
        }.Select(BitConverter.GetBytes),
    ];

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        byte[] file = input.ToArray();
        ElfExecutable program;
        try
        {
            program = ElfExecutable.Parse(file, MaxBytes);
        }
        catch (ElfFormatException exception)
        {
            ThrowUnless(exception.Message.Length is > 0 and < MaxMessageLength, exception.Message.Length);
            ThrowUnless(IsPrintable(exception.Message), Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(exception.Message)));
            return;
        }

        CheckSegments(program, file.Length);
        CheckStart(program);
        CheckSymbols(program);
    }

    private static void CheckSegments(ElfExecutable program, int fileLength)
    {
        ulong end = ElfExecutable.LowestAddress;
        ulong total = 0;
        ThrowUnless(program.Segments.Length > 0);
        foreach (ProgramSegment segment in program.Segments)
        {
            ThrowUnless(segment.Address % PageSize == 0 && segment.MemorySize % PageSize == 0 && segment.MemorySize > 0, segment);
            ThrowUnless(segment.Address >= end, segment);
            ThrowUnless(segment.Bytes.Length <= segment.MemorySize && segment.Bytes.Length <= fileLength, segment);
            ThrowUnless((segment.Flags & ~(SegmentFlags.Read | SegmentFlags.Write | SegmentFlags.Execute)) == 0, segment);
            end = (ulong)segment.Address + segment.MemorySize;
            ThrowUnless(end == segment.End && end <= KernelLayout.PageOffset, segment);
            total += segment.MemorySize;
        }

        ThrowUnless(total == program.MemorySize && total <= MaxBytes, total);
        ThrowUnless(program.BreakStart == end, program.BreakStart);
    }

    private static void CheckStart(ElfExecutable program)
    {
        ProgramSegment start = program.Segments.Single(segment => program.Entry >= segment.Address && program.Entry < segment.End);
        ThrowUnless((start.Flags & (SegmentFlags.Read | SegmentFlags.Execute)) != 0, start);
        ThrowUnless(program.ProgramHeaderCount is > 0 and <= 2048, program.ProgramHeaderCount);
        ThrowUnless(program.IsPositionIndependent || program.LoadBias == 0, program.LoadBias);
        ThrowUnless(program.LoadBias % PageSize == 0, program.LoadBias);
    }

    private static void CheckSymbols(ElfExecutable program)
    {
        // It refuses names that occur twice.
        SymbolTable symbols = new(program.Symbols);
        ThrowUnless(symbols.All.SequenceEqual(program.Symbols));
        foreach (Symbol symbol in program.Symbols)
        {
            ThrowUnless(symbol.Name.Length > 0 && IsPrintable(symbol.Name), symbol);
            ThrowUnless(program.Segments.Any(segment => symbol.Address >= segment.Address && symbol.Address < segment.End), symbol);
        }
    }

    private static bool IsPrintable(string text) => text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0;
}
