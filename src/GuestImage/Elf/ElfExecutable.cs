// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;

namespace Kvmsys.Guest.Elf;

/// <summary>
/// A static i386 program as Linux' loader would place it in memory: pages, entry, and what its start-up code is told in the auxiliary
/// vector. Its bytes are slices of the file, so that a file costs no more than its own size, whatever it claims.
/// </summary>
public sealed record ElfExecutable
{
    /// <summary>Where the first segment of a position-independent program goes: as on Linux for i386 without randomisation.</summary>
    public const uint PositionIndependentBase = 0x56555000;

    /// <summary>The lowest address that a program may use: Linux' default of vm.mmap_min_addr.</summary>
    public const uint LowestAddress = 0x10000;

    // Linux takes program headers of 64 KiB at most.
    private const int MaxProgramHeaders = 0x10000 / ProgramHeader.Size;
    private const int MaxInterpreterLength = 100;

    private ElfExecutable()
    {
    }

    /// <summary>Virtual address of the first instruction (AT_ENTRY).</summary>
    public required uint Entry { get; init; }

    /// <summary>Its memory: runs of pages, disjoint, in ascending order, all of them below PAGE_OFFSET.</summary>
    public required ImmutableArray<ProgramSegment> Segments { get; init; }

    /// <summary>Bytes of all segments together, a multiple of 4096.</summary>
    public required uint MemorySize { get; init; }

    /// <summary>Virtual address of the program headers (AT_PHDR); 0 when no segment holds them.</summary>
    public required uint ProgramHeadersAddress { get; init; }

    /// <summary>Number of program headers (AT_PHNUM); each has <see cref="ProgramHeader.Size"/> bytes (AT_PHENT).</summary>
    public required int ProgramHeaderCount { get; init; }

    /// <summary>Where the program break starts: the page behind the segment with the highest end.</summary>
    public required uint BreakStart { get; init; }

    /// <summary>Whether it is a static PIE (ET_DYN), which relocates itself.</summary>
    public required bool IsPositionIndependent { get; init; }

    /// <summary>What is added to the file's addresses, modulo 4 GiB; 0 for a program that is made for fixed addresses.</summary>
    public required uint LoadBias { get; init; }

    /// <summary>Whether it wants a stack that can be executed: PT_GNU_STACK says so, or there is none.</summary>
    public required bool ExecutableStack { get; init; }

    /// <summary>Its functions and objects, by address, each name once; empty when it is stripped.</summary>
    public ImmutableArray<Symbol> Symbols { get; init; } = [];

    /// <summary>Reads a program.</summary>
    /// <param name="file">The whole file. The result keeps slices of it.</param>
    /// <param name="maxBytes">Bytes of memory that it may need at most.</param>
    /// <exception cref="ElfFormatException">It is no static i386 program, or one that Linux would not start, or it needs too much memory.</exception>
    public static ElfExecutable Parse(ReadOnlyMemory<byte> file, uint maxBytes = KernelLayout.PageOffset)
    {
        ElfHeader header = ReadHeader(file.Span);
        ReadOnlySpan<ProgramHeader> programHeaders = ReadProgramHeaders(header, file.Span);
        RefuseInterpreter(programHeaders, file.Span);
        bool isPositionIndependent = header.Type == ElfType.SharedObject;
        uint bias = isPositionIndependent ? LoadBiasOf(programHeaders) : 0;
        List<LoadSegment> loads = CheckSegments(programHeaders, bias, file.Length);
        ImmutableArray<ProgramSegment> segments = LoadSegment.MapAll(loads, file);
        long memorySize = segments.Sum(segment => (long)segment.MemorySize);
        if (memorySize > maxBytes)
        {
            throw new ElfFormatException($"its segments take {memorySize >> 10} KiB of memory; there are {maxBytes >> 10} KiB");
        }

        return new ElfExecutable
        {
            Entry = CheckEntry(header, bias, segments),
            Segments = segments,
            MemorySize = (uint)memorySize,
            ProgramHeadersAddress = AddressOfProgramHeaders(header, programHeaders, bias),
            ProgramHeaderCount = header.ProgramHeaderCount,
            BreakStart = LoadSegment.PageAlign(loads[^1].End),
            IsPositionIndependent = isPositionIndependent,
            LoadBias = bias,
            ExecutableStack = WantsExecutableStack(programHeaders),
            Symbols = ElfSymbols.Read(header, bias, segments, file.Span),
        };
    }

    private static ElfHeader ReadHeader(ReadOnlySpan<byte> file)
    {
        if (file.IsEmpty)
        {
            throw new ElfFormatException("not an ELF file: it is empty");
        }

        // What there is of the magic number decides, so that a short text file is told to be one.
        ReadOnlySpan<byte> magic = [0x7f, (byte)'E', (byte)'L', (byte)'F'];
        ReadOnlySpan<byte> start = file[..Math.Min(magic.Length, file.Length)];
        if (!magic.StartsWith(start))
        {
            string bytes = string.Join(' ', start.ToArray().Select(value => $"{value:x2}"));
            throw new ElfFormatException($"not an ELF file: it starts with {bytes}");
        }

        if (file.Length < ElfHeader.Size)
        {
            throw new ElfFormatException($"it ends within the ELF header, after {file.Length} of {ElfHeader.Size} bytes");
        }

        ElfHeader header = MemoryMarshal.Read<ElfHeader>(file);
        string? fault = header switch
        {
            { Class: 2 } => "a 64-bit program (ELFCLASS64); a 32-bit one for i386 is needed (gcc -m32)",
            { Class: not ElfHeader.Class32 } => $"its class is {header.Class}; 1 (ELFCLASS32) is needed",
            { Data: 2 } => "a big-endian program (ELFDATA2MSB); a little-endian one for i386 is needed",
            { Data: not ElfHeader.LittleEndian } => $"its byte order is {header.Data}; 1 (ELFDATA2LSB) is needed",
            { Machine: not ElfHeader.Machine386 } => $"a program for {NameOf(header.Machine)}; one for i386 (3) is needed",
            { Type: ElfType.Relocatable } => "an object file (ET_REL); it must be linked to a program first",
            { Type: ElfType.Core } => "a core dump (ET_CORE), not a program",
            { Type: not (ElfType.Executable or ElfType.SharedObject) } =>
                $"its type is {(ushort)header.Type}; 2 (ET_EXEC) or 3 (ET_DYN) is needed",
            { Entry: 0 } => "it has no entry point (e_entry is 0), as a shared library has none",
            _ => null,
        };
        return fault is null ? header : throw new ElfFormatException(fault);
    }

    private static string NameOf(ushort machine) => machine switch
    {
        2 => "SPARC (2)",
        6 => "the Intel MCU (6)",
        8 => "MIPS (8)",
        20 => "PowerPC (20)",
        40 => "ARM (40)",
        62 => "x86-64 with 32-bit pointers (x32, 62)",
        243 => "RISC-V (243)",
        _ => $"the machine {machine}",
    };

    private static ReadOnlySpan<ProgramHeader> ReadProgramHeaders(in ElfHeader header, ReadOnlySpan<byte> file)
    {
        if (header.ProgramHeaderCount == 0)
        {
            throw new ElfFormatException("it has no program headers, so there is nothing to load");
        }

        if (header.ProgramHeaderSize != ProgramHeader.Size)
        {
            throw new ElfFormatException($"its program headers are {header.ProgramHeaderSize} bytes long each; {ProgramHeader.Size} are needed");
        }

        if (header.ProgramHeaderCount > MaxProgramHeaders)
        {
            throw new ElfFormatException($"it has {header.ProgramHeaderCount} program headers; {MaxProgramHeaders} are the most that Linux takes");
        }

        int size = header.ProgramHeaderCount * ProgramHeader.Size;
        if ((ulong)header.ProgramHeaderOffset + (ulong)size > (ulong)file.Length)
        {
            throw new ElfFormatException($"its {header.ProgramHeaderCount} program headers, at offset 0x{header.ProgramHeaderOffset:x}, "
                + $"are not all in the file, which ends at 0x{file.Length:x}");
        }

        return MemoryMarshal.Cast<byte, ProgramHeader>(file.Slice((int)header.ProgramHeaderOffset, size));
    }

    private static void RefuseInterpreter(ReadOnlySpan<ProgramHeader> headers, ReadOnlySpan<byte> file)
    {
        foreach (ref readonly ProgramHeader header in headers)
        {
            if (header.Type == SegmentType.Interpreter)
            {
                ReadOnlySpan<byte> name = header.Offset < file.Length ? file[(int)header.Offset..] : [];
                name = name[..(int)Math.Min(header.FileSize, name.Length)];
                string printable = PrintableText.From(name, MaxInterpreterLength);
                string interpreter = printable.Length > 0 ? $"the interpreter {printable}" : "an interpreter that it does not name";
                throw new ElfFormatException($"needs {interpreter}; a static program is needed (gcc -static)");
            }
        }
    }

    // Linux moves the whole program so that its first segment, in the headers' order, starts in the page that it chose.
    private static uint LoadBiasOf(ReadOnlySpan<ProgramHeader> headers)
    {
        foreach (ref readonly ProgramHeader header in headers)
        {
            if (IsLoaded(header))
            {
                return unchecked(PositionIndependentBase - LoadSegment.PageStart(header.VirtualAddress));
            }
        }

        return 0;
    }

    // One without memory has nothing to load; strip and objcopy leave such behind.
    private static bool IsLoaded(in ProgramHeader header) => header is { Type: SegmentType.Load, MemorySize: > 0 };

    private static List<LoadSegment> CheckSegments(ReadOnlySpan<ProgramHeader> headers, uint bias, int fileLength)
    {
        List<LoadSegment> segments = [];
        for (int i = 0; i < headers.Length; i++)
        {
            // An empty one takes no memory, but its claims about the file may be as wrong as another's.
            if (headers[i].Type == SegmentType.Load && FaultOf(headers[i], bias, fileLength) is string fault)
            {
                throw new ElfFormatException($"program header {i}: {fault}");
            }

            if (IsLoaded(headers[i]))
            {
                const SegmentFlags known = SegmentFlags.Read | SegmentFlags.Write | SegmentFlags.Execute;
                ref readonly ProgramHeader header = ref headers[i];
                segments.Add(new(i, unchecked(header.VirtualAddress + bias), header.Offset, header.FileSize, header.MemorySize, header.Flags & known));
            }
        }

        if (segments.Count == 0)
        {
            throw new ElfFormatException($"none of its {headers.Length} program headers is a PT_LOAD with memory, so there is nothing to load");
        }

        // Sorted, neighbours are all that can overlap.
        segments.Sort((one, other) => one.Address.CompareTo(other.Address));
        for (int i = 1; i < segments.Count; i++)
        {
            if (segments[i].Address < segments[i - 1].End)
            {
                throw new ElfFormatException($"program headers {segments[i - 1].Index} and {segments[i].Index}: the segments overlap: "
                    + $"0x{segments[i - 1].Address:x} to 0x{segments[i - 1].End:x}, and 0x{segments[i].Address:x} to 0x{segments[i].End:x}");
            }
        }

        return segments;
    }

    private static string? FaultOf(in ProgramHeader header, uint bias, int fileLength)
    {
        if (header.FileSize > header.MemorySize)
        {
            return $"the segment has 0x{header.FileSize:x} bytes in the file and only 0x{header.MemorySize:x} in memory";
        }

        if (header.MemorySize == 0)
        {
            return null;
        }

        ulong endInFile = (ulong)header.Offset + header.FileSize;
        if (header.FileSize > 0 && endInFile > (ulong)fileLength)
        {
            return $"the segment's bytes end at offset 0x{endInFile:x}, beyond the file's end at 0x{fileLength:x}";
        }

        const uint offsetInPage = FrameAllocator.FrameSize - 1;
        if (LoadSegment.MapsFile(header.VirtualAddress, header.FileSize) && ((header.VirtualAddress ^ header.Offset) & offsetInPage) != 0)
        {
            return $"the segment's address 0x{header.VirtualAddress:x} and its offset 0x{header.Offset:x} are not at the same place in a page";
        }

        ulong end = (ulong)header.VirtualAddress + header.MemorySize;
        if (end > 1UL << 32)
        {
            return $"the segment's end 0x{end:x} is beyond 0xffffffff, the last address";
        }

        uint address = unchecked(header.VirtualAddress + bias);
        end = (ulong)address + header.MemorySize;
        if (end > KernelLayout.PageOffset)
        {
            return $"the segment's end 0x{end:x} is beyond 0x{KernelLayout.PageOffset:x}, where the kernel begins";
        }

        return address < LowestAddress
            ? $"the segment's address 0x{address:x} is below 0x{LowestAddress:x}, which Linux keeps free (vm.mmap_min_addr)"
            : null;
    }

    private static uint CheckEntry(in ElfHeader header, uint bias, ImmutableArray<ProgramSegment> segments)
    {
        uint entry = unchecked(header.Entry + bias);
        foreach (ProgramSegment segment in segments)
        {
            if (entry >= segment.Address && entry < segment.End)
            {
                // i386 without PAE knows no page that can be read and not executed.
                return (segment.Flags & (SegmentFlags.Read | SegmentFlags.Execute)) != 0
                    ? entry
                    : throw new ElfFormatException($"its entry 0x{entry:x} lies in memory that may be neither read nor executed");
            }
        }

        throw new ElfFormatException($"its entry 0x{entry:x} lies outside every segment");
    }

    // Linux asks which segment holds the headers' place in the file (since 5.18; before, it took the first one's word for it, which is
    // the same wherever the headers are in the first segment). PT_PHDR says the same in a program that keeps the headers elsewhere.
    private static uint AddressOfProgramHeaders(in ElfHeader header, ReadOnlySpan<ProgramHeader> headers, uint bias)
    {
        uint offset = header.ProgramHeaderOffset;
        foreach (ref readonly ProgramHeader segment in headers)
        {
            if (segment.Type == SegmentType.Load && offset >= segment.Offset && offset - segment.Offset < segment.FileSize)
            {
                return unchecked(segment.VirtualAddress + (offset - segment.Offset) + bias);
            }
        }

        foreach (ref readonly ProgramHeader segment in headers)
        {
            if (segment.Type == SegmentType.ProgramHeaders)
            {
                return unchecked(segment.VirtualAddress + bias);
            }
        }

        return 0;
    }

    private static bool WantsExecutableStack(ReadOnlySpan<ProgramHeader> headers)
    {
        bool executable = true;
        foreach (ref readonly ProgramHeader header in headers)
        {
            if (header.Type == SegmentType.GnuStack)
            {
                executable = header.Flags.HasFlag(SegmentFlags.Execute);
            }
        }

        return executable;
    }
}
