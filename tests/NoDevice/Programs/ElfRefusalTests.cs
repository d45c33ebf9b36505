// SPDX-License-Identifier: MIT

using System.Text;
using Kvmsys.Guest.Elf;

namespace Kvmsys.Tests.NoDevice.Programs;

/// <summary>What is no program for this guest is refused with one line that says why, with the values.</summary>
public sealed class ElfRefusalTests
{
    private const SegmentFlags ReadWrite = SegmentFlags.Read | SegmentFlags.Write;

    private static readonly Dictionary<string, (Action<TinyElf> Break, string Message)> Broken = new()
    {
        ["64-bit"] = (elf => elf.Header.Class = 2, "a 64-bit program (ELFCLASS64); a 32-bit one for i386 is needed (gcc -m32)"),
        ["no class"] = (elf => elf.Header.Class = 0, "its class is 0; 1 (ELFCLASS32) is needed"),
        ["big-endian"] = (elf => elf.Header.Data = 2, "a big-endian program (ELFDATA2MSB); a little-endian one for i386 is needed"),
        ["no byte order"] = (elf => elf.Header.Data = 9, "its byte order is 9; 1 (ELFDATA2LSB) is needed"),
        ["ARM"] = (elf => elf.Header.Machine = 40, "a program for ARM (40); one for i386 (3) is needed"),
        ["x32"] = (elf => elf.Header.Machine = 62, "a program for x86-64 with 32-bit pointers (x32, 62); one for i386 (3) is needed"),
        ["a machine without a name here"] = (elf => elf.Header.Machine = 999, "a program for the machine 999; one for i386 (3) is needed"),
        ["an object file"] = (elf => elf.Header.Type = ElfType.Relocatable, "an object file (ET_REL); it must be linked to a program first"),
        ["a core dump"] = (elf => elf.Header.Type = ElfType.Core, "a core dump (ET_CORE), not a program"),
        ["an unknown type"] = (elf => elf.Header.Type = (ElfType)0xfe00, "its type is 65024; 2 (ET_EXEC) or 3 (ET_DYN) is needed"),
        ["no entry"] = (elf => elf.Header.Entry = 0, "it has no entry point (e_entry is 0), as a shared library has none"),
        ["no program headers"] = (elf => elf.ProgramHeaderCount = 0, "it has no program headers, so there is nothing to load"),
        ["program headers of another size"] =
            (elf => elf.Header.ProgramHeaderSize = 56, "its program headers are 56 bytes long each; 32 are needed"),
        ["too many program headers"] =
            (elf => elf.ProgramHeaderCount = 2049, "it has 2049 program headers; 2048 are the most that Linux takes"),
        ["program headers beyond the file"] = (
            elf => elf.Header.ProgramHeaderOffset = 0x11a1,
            "its 3 program headers, at offset 0x11a1, are not all in the file, which ends at 0x1200"),
        ["program headers at the end of all offsets"] = (
            elf => elf.Header.ProgramHeaderOffset = 0xffffffff,
            "its 3 program headers, at offset 0xffffffff, are not all in the file, which ends at 0x1200"),
        ["an interpreter"] = (
            elf => Interpreter(elf, "/lib/ld-linux.so.2\0"),
            "needs the interpreter /lib/ld-linux.so.2; a static program is needed (gcc -static)"),
        ["an interpreter that plays with the terminal"] = (
            elf => Interpreter(elf, "/a\u001b[2J\r\n\u00e9\\\0"),
            "needs the interpreter /a\\x1b[2J\\x0d\\x0a\\xc3\\xa9\\x5c; a static program is needed (gcc -static)"),
        ["an interpreter with a long name"] = (
            elf => Interpreter(elf, new string('a', 200)),
            $"needs the interpreter {new string('a', 100)}...; a static program is needed (gcc -static)"),
        ["an interpreter whose name is beyond the file"] = (
            elf => elf.Segments.Add(new() { Type = SegmentType.Interpreter, Offset = 0xfffffff0, FileSize = 0xfffffff0 }),
            "needs an interpreter that it does not name; a static program is needed (gcc -static)"),
        ["nothing to load"] = (
            elf => elf.With(new ProgramHeader { Type = SegmentType.Note }, TinyElf.Load(TinyElf.TextAddress, 0, 0, 0, ReadWrite)),
            "none of its 2 program headers is a PT_LOAD with memory, so there is nothing to load"),
        ["more in the file than in memory"] = (
            elf => elf.Change(1, segment => segment with { MemorySize = 0x122 }),
            "program header 1: the segment has 0x123 bytes in the file and only 0x122 in memory"),
        ["a segment beyond the file"] = (
            elf => elf.Change(1, segment => segment with { FileSize = 0x201 }),
            "program header 1: the segment's bytes end at offset 0x1201, beyond the file's end at 0x1200"),
        ["a segment whose offset wraps"] = (
            elf => elf.Change(1, segment => segment with { Offset = 0xfffff000, FileSize = 0x1001, MemorySize = 0x1123 }),
            "program header 1: the segment's bytes end at offset 0x100000001, beyond the file's end at 0x1200"),
        ["address and offset at different places in a page"] = (
            elf => elf.Change(1, segment => segment with { Offset = 0x1010 }),
            "program header 1: the segment's address 0x8049000 and its offset 0x1010 are not at the same place in a page"),
        ["an address that wraps"] = (
            elf => elf.Change(1, segment => segment with { VirtualAddress = 0xfffff000 }),
            "program header 1: the segment's end 0x100000123 is beyond 0xffffffff, the last address"),
        ["a size that wraps"] = (
            elf => elf.Change(1, segment => segment with { MemorySize = 0xffffffff }),
            "program header 1: the segment's end 0x108048fff is beyond 0xffffffff, the last address"),
        ["an end in the kernel"] = (
            elf => elf.Change(1, segment => segment with { VirtualAddress = 0xbffff000, MemorySize = 0x1001 }),
            "program header 1: the segment's end 0xc0000001 is beyond 0xc0000000, where the kernel begins"),
        ["an address in the kernel"] = (
            elf => elf.Change(1, segment => segment with { VirtualAddress = 0xc0100000 }),
            "program header 1: the segment's end 0xc0101123 is beyond 0xc0000000, where the kernel begins"),
        ["an address that Linux keeps free"] = (
            elf => elf.Change(1, segment => segment with { VirtualAddress = 0xf000 }),
            "program header 1: the segment's address 0xf000 is below 0x10000, which Linux keeps free (vm.mmap_min_addr)"),
        ["segments that overlap"] = (
            elf => elf.Change(0, segment => segment with { FileSize = 0x1001, MemorySize = 0x1001 }),
            "program headers 0 and 1: the segments overlap: 0x8048000 to 0x8049001, and 0x8049000 to 0x804a123"),
        ["segments at one address"] = (
            elf => elf.Segments.Add(elf.Segments[0] with { FileSize = 1, MemorySize = 1 }),
            "the segments overlap: 0x8048000 to 0x"),
        ["an entry outside"] = (elf => elf.Header.Entry = 0x0804b000, "its entry 0x804b000 lies outside every segment"),
        ["an entry between"] = (elf => elf.Header.Entry = 0x08047fff, "its entry 0x8047fff lies outside every segment"),
        ["an entry where nothing is allowed"] = (
            elf => elf.Change(0, segment => segment with { Flags = SegmentFlags.None }),
            "its entry 0x8048100 lies in memory that may be neither read nor executed"),
        ["a position-independent program that is spread too far"] = (
            elf => PositionIndependent(elf, 0x80000000),
            "program header 1: the segment's end 0xd6556123 is beyond 0xc0000000, where the kernel begins"),
    };

    public static TheoryData<string> Faults() => [.. Broken.Keys];

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_broken_program_is_refused_with_the_reason(string fault)
    {
        TinyElf elf = new();
        Broken[fault].Break(elf);
        AssertRefused(Broken[fault].Message, elf.Build());
    }

    [Theory]
    [InlineData("", "not an ELF file: it is empty")]
    [InlineData("#", "not an ELF file: it starts with 23")]
    [InlineData("#!/bin/sh\n", "not an ELF file: it starts with 23 21 2f 62")]
    [InlineData("\u007fELG0123456789012345678901234567890123456789012345678901", "not an ELF file: it starts with 7f 45 4c 47")]
    [InlineData("\u007fEL", "it ends within the ELF header, after 3 of 52 bytes")]
    [InlineData("\u007fELF", "it ends within the ELF header, after 4 of 52 bytes")]
    public void What_does_not_start_as_an_ELF_file_is_refused_with_its_first_bytes(string text, string message) =>
        AssertRefused(message, Encoding.Latin1.GetBytes(text));

    [Fact]
    public void A_program_that_ends_anywhere_is_refused_or_lacks_only_what_it_does_not_load()
    {
        byte[] file = new TinyElf().Build();
        for (int length = 0; length < 0x1123; length++)
        {
            Assert.Throws<ElfFormatException>(() => ElfExecutable.Parse(file.AsMemory(0, length)));
        }

        Assert.Equal(2, ElfExecutable.Parse(file.AsMemory(0, 0x1123)).Segments.Length);
    }

    [Fact]
    public void Memory_is_counted_in_pages_and_may_be_as_much_as_there_is()
    {
        byte[] file = new TinyElf().Build();
        Assert.Equal(0x3000u, ElfExecutable.Parse(file, maxBytes: 0x3000).MemorySize);
        ElfFormatException exception = Assert.Throws<ElfFormatException>(() => ElfExecutable.Parse(file, maxBytes: 0x2fff));
        Assert.Equal("its segments take 12 KiB of memory; there are 11 KiB", exception.Message);
    }

    [Fact]
    public void A_program_that_claims_gigabytes_costs_nothing()
    {
        byte[] file = new TinyElf().Change(1, segment => segment with { MemorySize = 0xb7000000 }).Build();
        AssertRefusedForMemory(file);
        long before = GC.GetAllocatedBytesForCurrentThread();
        AssertRefusedForMemory(file);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 0x10000);
    }

    private static void AssertRefusedForMemory(byte[] file)
    {
        ElfFormatException exception = Assert.Throws<ElfFormatException>(() => ElfExecutable.Parse(file, maxBytes: 64 << 20));
        Assert.Equal("its segments take 2998276 KiB of memory; there are 65536 KiB", exception.Message);
    }

    private static void AssertRefused(string message, byte[] file)
    {
        ElfFormatException exception = Assert.Throws<ElfFormatException>(() => ElfExecutable.Parse(file));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.All(exception.Message, character => Assert.InRange(character, ' ', '~'));
    }

    private static void Interpreter(TinyElf elf, string name)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(name);
        elf.Segments.Add(new() { Type = SegmentType.Interpreter, Offset = 0x900, FileSize = (uint)bytes.Length, MemorySize = (uint)bytes.Length });
        elf.Patches.Add((0x900, bytes));
    }

    private static void PositionIndependent(TinyElf elf, uint secondAddress)
    {
        elf.Header.Type = ElfType.SharedObject;
        elf.Change(0, segment => segment with { VirtualAddress = 0 });
        elf.Change(1, segment => segment with { VirtualAddress = secondAddress });
    }
}
