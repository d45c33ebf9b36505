// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using System.Text;
using Kvmsys.Guest;
using Kvmsys.Guest.Elf;

namespace Kvmsys.Tests.NoDevice.Programs;

/// <summary>A program's memory as Linux' loader leaves it.</summary>
public sealed class ElfExecutableTests
{
    private const SegmentFlags ReadExecute = SegmentFlags.Read | SegmentFlags.Execute;
    private const SegmentFlags ReadWrite = SegmentFlags.Read | SegmentFlags.Write;

    [Fact]
    public void Segments_are_whole_pages_with_the_files_bytes_and_zeros_behind()
    {
        ElfExecutable program = new TinyElf().Parse();
        Assert.Equal([(TinyElf.TextAddress, 0x1000u, ReadExecute), (TinyElf.DataAddress, 0x2000u, ReadWrite)], Layout(program));
        Assert.Equal(new TinyElf().Build()[..0x1000], program.Segments[0].Bytes.ToArray());
        Assert.Equal(new TinyElf().Build()[0x1000..0x1123], program.Segments[1].Bytes.ToArray());
        Assert.Equal(0x3000u, program.MemorySize);
    }

    [Fact]
    public void A_program_for_fixed_addresses_is_where_it_says()
    {
        ElfExecutable program = new TinyElf().Parse();
        Assert.Equal(
            (TinyElf.TextAddress + 0x100, false, 0u, 0x0804b000u), (program.Entry, program.IsPositionIndependent, program.LoadBias, program.BreakStart));
    }

    [Theory]
    [InlineData(0x00000000u, 0x56555000u)]
    [InlineData(0x00001000u, 0x56554000u)]
    [InlineData(0x08048000u, 0x4e50d000u)]
    [InlineData(0x80000000u, 0xd6555000u)]
    public void A_position_independent_program_is_moved_as_a_whole(uint linkedAt, uint bias)
    {
        TinyElf elf = new();
        elf.Header.Type = ElfType.SharedObject;
        elf.Header.Entry = linkedAt + 0x100;
        elf.Change(0, segment => segment with { VirtualAddress = linkedAt }).Change(1, segment => segment with { VirtualAddress = linkedAt + 0x1000 });
        ElfExecutable program = elf.Parse();
        Assert.Equal([(0x56555000u, 0x1000u, ReadExecute), (0x56556000u, 0x2000u, ReadWrite)], Layout(program));
        Assert.Equal(
            (0x56555100u, true, bias, 0x56558000u, 0x56555034u),
            (program.Entry, program.IsPositionIndependent, program.LoadBias, program.BreakStart, program.ProgramHeadersAddress));
    }

    [Fact]
    public void A_segment_may_start_in_the_middle_of_a_page_which_is_the_files_all_the_same()
    {
        ElfExecutable program = new TinyElf()
            .Change(1, segment => segment with { VirtualAddress = TinyElf.DataAddress + 0x40, Offset = 0x1040, FileSize = 0x100, MemorySize = 0x100 })
            .Parse();
        Assert.Equal([(TinyElf.TextAddress, 0x1000u, ReadExecute), (TinyElf.DataAddress, 0x1000u, ReadWrite)], Layout(program));

        // Without a bss nothing is cleared; the page ends where the file does.
        Assert.Equal(new TinyElf().Build()[0x1000..0x1200], program.Segments[1].Bytes.ToArray());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_page_that_two_segments_share_is_the_one_that_is_mapped_last(bool dataIsLast)
    {
        ProgramHeader text = TinyElf.Load(TinyElf.TextAddress, 0, 0x1100, 0x1100, ReadExecute);
        ProgramHeader data = TinyElf.Load(TinyElf.DataAddress + 0x180, 0x1180, 0x20, 0x1000, ReadWrite);
        ElfExecutable program = dataIsLast ? new TinyElf().With(text, data).Parse() : new TinyElf().With(data, text).Parse();
        Assert.Equal(
            dataIsLast
                ? [(TinyElf.TextAddress, 0x1000u, ReadExecute), (TinyElf.DataAddress, 0x2000u, ReadWrite)]
                : [(TinyElf.TextAddress, 0x2000u, ReadExecute), (TinyElf.DataAddress + 0x1000, 0x1000u, ReadWrite)],
            Layout(program));
        byte[] page = Memory(program, TinyElf.DataAddress, 0x1000);
        Assert.Equal(new TinyElf().Build()[0x1000..0x11a0], page[..0x1a0]);

        // The data's bss clears its own page alone.
        Assert.Equal(dataIsLast ? new byte[0x60] : new TinyElf().Build()[0x11a0..0x1200], page[0x1a0..0x200]);
    }

    [Fact]
    public void Many_segments_may_share_one_page()
    {
        ProgramHeader text = TinyElf.Load(TinyElf.TextAddress, 0, 0x1100, 0x1100, ReadExecute);
        IEnumerable<ProgramHeader> crumbs = Enumerable.Range(0, 20)
            .Select(i => TinyElf.Load(TinyElf.DataAddress + 0x100 + (uint)i, 0x1100 + (uint)i, 1, 1, i == 19 ? ReadWrite : SegmentFlags.Read));
        ElfExecutable program = new TinyElf { Length = 0x2000 }.With([.. crumbs.Prepend(text)]).Parse();
        Assert.Equal([(TinyElf.TextAddress, 0x1000u, ReadExecute), (TinyElf.DataAddress, 0x1000u, ReadWrite)], Layout(program));
    }

    [Fact]
    public void A_bss_in_a_segment_that_is_not_writable_leaves_the_files_bytes_and_gets_pages_that_are()
    {
        ElfExecutable program = new TinyElf().Change(1, segment => segment with { Flags = SegmentFlags.Read }).Parse();
        Assert.Equal(
            [(TinyElf.TextAddress, 0x1000u, ReadExecute), (TinyElf.DataAddress, 0x1000u, SegmentFlags.Read), (TinyElf.DataAddress + 0x1000, 0x1000u, ReadWrite)],
            Layout(program));
        Assert.Equal(new TinyElf().Build()[0x1000..0x1200], program.Segments[1].Bytes.ToArray());
        Assert.True(program.Segments[2].Bytes.IsEmpty);
    }

    [Fact]
    public void A_segment_that_is_all_bss_keeps_what_lies_before_it_in_its_page()
    {
        ElfExecutable program = new TinyElf()
            .With(
                TinyElf.Load(TinyElf.TextAddress, 0, 0x800, 0x800, ReadExecute),
                TinyElf.Load(TinyElf.DataAddress, 0x1000, 0x120, 0x120, ReadWrite),
                TinyElf.Load(TinyElf.DataAddress + 0x120, 0x1120, 0, 0x3000, ReadWrite))
            .Parse();
        Assert.Equal([(TinyElf.TextAddress, 0x1000u, ReadExecute), (TinyElf.DataAddress, 0x4000u, ReadWrite)], Layout(program));
        Assert.Equal(new TinyElf().Build()[0x1000..0x1120], program.Segments[1].Bytes.ToArray());
    }

    [Fact]
    public void A_segment_of_whole_pages_of_bss_needs_nothing_of_the_file()
    {
        ElfExecutable program = new TinyElf()
            .Change(1, segment => segment with { Offset = 0xfffffff1, FileSize = 0, MemorySize = 1, Flags = SegmentFlags.Write })
            .Parse();
        Assert.Equal([(TinyElf.TextAddress, 0x1000u, ReadExecute), (TinyElf.DataAddress, 0x1000u, ReadWrite)], Layout(program));
        Assert.True(program.Segments[1].Bytes.IsEmpty);
    }

    [Fact]
    public void An_empty_segment_is_none()
    {
        ElfExecutable program = new TinyElf().Change(1, segment => segment with { FileSize = 0, MemorySize = 0, VirtualAddress = 3 }).Parse();
        Assert.Equal([(TinyElf.TextAddress, 0x1000u, ReadExecute)], Layout(program));
        Assert.Equal(0x08049000u, program.BreakStart);
    }

    [Fact]
    public void The_order_of_the_headers_does_not_matter_to_the_break()
    {
        ElfExecutable program = new TinyElf()
            .With(
                TinyElf.Load(TinyElf.DataAddress, 0x1000, 0x123, 0x1123, ReadWrite), TinyElf.Load(TinyElf.TextAddress, 0, 0x800, 0x800, ReadExecute))
            .Parse();
        Assert.Equal(0x0804b000u, program.BreakStart);
        Assert.Equal([(TinyElf.TextAddress, 0x1000u, ReadExecute), (TinyElf.DataAddress, 0x2000u, ReadWrite)], Layout(program));
    }

    [Fact]
    public void A_program_may_reach_up_to_the_kernel_and_down_to_what_Linux_keeps_free()
    {
        ElfExecutable program = new TinyElf()
            .Change(0, segment => segment with { VirtualAddress = 0x10000 })
            .Change(1, segment => segment with { VirtualAddress = 0xbfffe000, MemorySize = 0x2000 })
            .Entry(0x10100)
            .Parse();
        Assert.Equal([(0x10000u, 0x1000u, ReadExecute), (0xbfffe000u, 0x2000u, ReadWrite)], Layout(program));
        Assert.Equal(0xc0000000, program.BreakStart);
    }

    [Fact]
    public void The_program_headers_are_where_the_segment_is_that_holds_them()
    {
        TinyElf elf = new();
        Assert.Equal((TinyElf.TextAddress + 52, 3), (elf.Parse().ProgramHeadersAddress, elf.Parse().ProgramHeaderCount));

        // Moved behind the data's first bytes, in the second segment.
        byte[] headers = MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(elf.Segments)).ToArray();
        elf.Patches.Add((0x1040, headers));
        elf.Header.ProgramHeaderOffset = 0x1040;
        Assert.Equal(TinyElf.DataAddress + 0x40, elf.Parse().ProgramHeadersAddress);
    }

    [Fact]
    public void The_program_headers_are_where_PT_PHDR_says_when_no_segment_holds_them()
    {
        TinyElf elf = new TinyElf().Change(0, segment => segment with { Offset = 0x1000, FileSize = 0x100, MemorySize = 0x1000 });
        Assert.Equal(0u, elf.Parse().ProgramHeadersAddress);
        elf.Segments.Add(new() { Type = SegmentType.ProgramHeaders, VirtualAddress = TinyElf.DataAddress + 0x80 });
        Assert.Equal(TinyElf.DataAddress + 0x80, elf.Parse().ProgramHeadersAddress);
    }

    [Theory]
    [InlineData(SegmentFlags.Read | SegmentFlags.Write, false)]
    [InlineData(SegmentFlags.Read | SegmentFlags.Write | SegmentFlags.Execute, true)]
    [InlineData(null, true)]
    public void The_stack_is_executable_unless_PT_GNU_STACK_denies_it(SegmentFlags? flags, bool executable)
    {
        TinyElf elf = new TinyElf().Change(2, segment => flags is null ? default : segment with { Flags = flags.Value });
        Assert.Equal(executable, elf.Parse().ExecutableStack);
    }

    [Fact]
    public void Functions_and_objects_are_named_and_nothing_else()
    {
        ElfExecutable program = WithSymbols(
            ("main", TinyElf.TextAddress + 0x100, ElfSymbol.TypeFunction, 1, 1),
            ("label", TinyElf.TextAddress + 0x110, 0, 1, 1),
            ("counter", TinyElf.DataAddress, ElfSymbol.TypeObject, 1, 2),
            ("_end", TinyElf.DataAddress + 0x1123, 0, 1, 2),
            ("file.c", 0, 4, 0, ElfSymbol.SectionAbsolute),
            ("thread_local", TinyElf.DataAddress, 6, 1, 2),
            ("elsewhere", 0, ElfSymbol.TypeFunction, 1, ElfSymbol.SectionUndefined),
            ("outside", 0x12345678, ElfSymbol.TypeFunction, 1, 1),
            ("", TinyElf.TextAddress, ElfSymbol.TypeFunction, 1, 1)).Parse();
        Assert.Equal(
            [new(TinyElf.TextAddress + 0x100, "main"), new(TinyElf.TextAddress + 0x110, "label"), new(TinyElf.DataAddress, "counter")], program.Symbols);
    }

    [Fact]
    public void A_name_that_occurs_twice_stays_with_the_global_one()
    {
        ElfExecutable program = WithSymbols(
            ("cleanup", TinyElf.TextAddress + 0x100, ElfSymbol.TypeFunction, 0, 1),
            ("cleanup", TinyElf.TextAddress + 0x110, ElfSymbol.TypeFunction, 0, 1),
            ("cleanup", TinyElf.TextAddress + 0x120, ElfSymbol.TypeFunction, 1, 1),
            ("cleanup", TinyElf.TextAddress + 0x120, ElfSymbol.TypeFunction, 1, 1),
            ("cleanup", TinyElf.TextAddress + 0x120, ElfSymbol.TypeFunction, 1, 1)).Parse();
        SymbolTable symbols = new(program.Symbols);
        Assert.Equal(TinyElf.TextAddress + 0x120, symbols.AddressOf("cleanup"));
        Assert.Equal(TinyElf.TextAddress + 0x100, symbols.AddressOf("cleanup@8048100"));
        Assert.Equal(4, symbols.All.Length);
    }

    [Fact]
    public void Of_several_names_for_one_address_the_global_one_is_shown()
    {
        ElfExecutable program = WithSymbols(
            ("_static", TinyElf.TextAddress + 0x100, ElfSymbol.TypeFunction, 0, 1),
            ("exported", TinyElf.TextAddress + 0x100, ElfSymbol.TypeFunction, 1, 1)).Parse();
        Assert.Equal("exported+0x4", new SymbolTable(program.Symbols).Describe(TinyElf.TextAddress + 0x104));
    }

    [Fact]
    public void A_symbols_name_is_printable_and_not_endless()
    {
        ElfExecutable program = WithSymbols(
            ("a\u001b]0;b\n", TinyElf.TextAddress, ElfSymbol.TypeFunction, 1, 1),
            (new string('x', 1000), TinyElf.TextAddress + 1, ElfSymbol.TypeFunction, 1, 1)).Parse();
        Assert.Equal(["a\\x1b]0;b\\x0a", new string('x', 128) + "..."], program.Symbols.Select(symbol => symbol.Name));
    }

    [Theory]
    [InlineData(0x20, 0xff)]
    [InlineData(0x2e, 0xff)]
    [InlineData(0x30, 0x00)]
    public void Section_headers_that_make_no_sense_mean_no_names(int offset, byte value)
    {
        TinyElf elf = WithSymbols(("main", TinyElf.TextAddress, ElfSymbol.TypeFunction, 1, 1));
        Assert.Single(elf.Parse().Symbols);
        elf.Patches.Add((offset, [value, value]));
        Assert.Empty(elf.Parse().Symbols);
    }

    // Sections: none, text, data, symbols, names. They lie behind the program, one kind after the other.
    private static TinyElf WithSymbols(params (string Name, uint Address, byte Type, byte Binding, ushort Section)[] symbols)
    {
        const int names = 0x2000;
        const int table = 0x3000;
        const int sections = 0x3800;
        StringBuilder text = new("\0");
        List<ElfSymbol> entries = [default];
        foreach ((string name, uint address, byte type, byte binding, ushort section) in symbols)
        {
            entries.Add(new() { Name = (uint)text.Length, Value = address, Info = (byte)((binding << 4) | type), SectionIndex = section });
            text.Append(name).Append('\0');
        }

        SectionHeader[] headers =
        [
            default,
            new() { Type = SectionType.ProgramBits, Flags = SectionFlags.Allocate | SectionFlags.Execute },
            new() { Type = SectionType.ProgramBits, Flags = SectionFlags.Allocate | SectionFlags.Write },
            new()
            {
                Type = SectionType.SymbolTable,
                Offset = table,
                SectionSize = (uint)(entries.Count * ElfSymbol.Size),
                Link = 4,
                EntrySize = ElfSymbol.Size,
            },
            new() { Type = SectionType.StringTable, Offset = names, SectionSize = (uint)text.Length },
        ];
        TinyElf elf = new() { Length = 0x4000 };
        elf.Header.SectionHeaderOffset = sections;
        elf.Header.SectionHeaderCount = (ushort)headers.Length;
        elf.Patches.Add((names, Encoding.Latin1.GetBytes(text.ToString())));
        elf.Patches.Add((table, MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(entries)).ToArray()));
        elf.Patches.Add((sections, MemoryMarshal.AsBytes(headers.AsSpan()).ToArray()));
        return elf;
    }

    private static (uint Address, uint Size, SegmentFlags Flags)[] Layout(ElfExecutable program) =>
        [.. program.Segments.Select(segment => (segment.Address, segment.MemorySize, segment.Flags))];

    private static byte[] Memory(ElfExecutable program, uint address, int size)
    {
        byte[] memory = new byte[size];
        ProgramSegment segment = program.Segments.Single(segment => address >= segment.Address && address + size <= segment.End);
        int offset = (int)(address - segment.Address);
        ReadOnlySpan<byte> bytes = segment.Bytes.Span;
        bytes = bytes[Math.Min(offset, bytes.Length)..];
        bytes[..Math.Min(size, bytes.Length)].CopyTo(memory);
        return memory;
    }
}
