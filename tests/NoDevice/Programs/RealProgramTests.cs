// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.RegularExpressions;
using Kvmsys.Guest;
using Kvmsys.Guest.Elf;
using Kvmsys.Tests.NoDevice.CommandLine;

namespace Kvmsys.Tests.NoDevice.Programs;

/// <summary>Programs that gcc makes here, with what readelf says about them.</summary>
public sealed partial class RealProgramTests : IDisposable
{
    private const string Source = """
        #include <stdio.h>
        #include <unistd.h>
        static volatile char my_bss[20000];
        int my_data[500] = {1, 2, 3};
        int main(void) { printf("%d\n", getpid()); return my_data[0] + my_bss[5]; }
        """;

    private const string Freestanding = """
        int data[500] = {1, 2, 3};
        const int table[10] = {4, 5, 6};
        static volatile char bss[20000];
        void _start(void) { __asm__ volatile("int $0x80" : : "a"(1), "b"(data[1] + bss[5] + table[2])); }
        """;

    // Every section in one segment or another, the bss one in the middle of a page that it shares, and little space between them.
    private const string OddScript = """
        PHDRS { text PT_LOAD FILEHDR PHDRS FLAGS(5); data PT_LOAD FLAGS(6); zero PT_LOAD FLAGS(6); }
        SECTIONS
        {
            . = 0x10000000 + SIZEOF_HEADERS;
            .text : { *(.text*) } :text
            .rodata : { *(.rodata*) } :text
            .data : { *(.data*) } :data
            .bss : { *(.bss*) *(COMMON) } :zero
            /DISCARD/ : { *(.note*) *(.comment) *(.eh_frame*) }
        }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(Source, "-static")]
    [InlineData(Source, "-static -s")]
    [InlineData(Source, "-static -Wl,-z,noseparate-code")]
    [InlineData(Source, "-static -Wl,-z,execstack")]
    [InlineData(Source, "-static -Wl,-z,max-page-size=0x10000")]
    [InlineData(Source, "-static-pie -fPIE")]
    [InlineData(Source, "-static-pie -fPIE -Wl,-z,noseparate-code")]
    [InlineData(Freestanding, "-static -nostdlib")]
    [InlineData(Freestanding, "-static -nostdlib -Wl,-N")]
    [InlineData(Freestanding, "-static -nostdlib -Wl,-T,odd.ld")]
    [InlineData(Freestanding, "-static -nostdlib -Wl,-Ttext=0x400123,-Tdata=0x555abc,-Tbss=0x700010")]
    public void A_program_that_gcc_makes_is_loaded_as_readelf_describes_it(string source, string options)
    {
        ElfExecutable program = ElfExecutable.Parse(Compile(source, options));
        string headers = Shell.Run($"LC_ALL=C readelf -hlW {_folder}/program").Output;
        uint bias = options.Contains("-pie", StringComparison.Ordinal) ? ElfExecutable.PositionIndependentBase : 0;
        Assert.Equal((bias, bias != 0), (program.LoadBias, program.IsPositionIndependent));
        Assert.Equal(Hex(EntryPoint().Match(headers).Groups[1].Value) + bias, program.Entry);
        Assert.Equal(int.Parse(HeaderCount().Match(headers).Groups[1].Value, CultureInfo.InvariantCulture), program.ProgramHeaderCount);
        Assert.Equal(Stack().Match(headers).Groups[1].Value != "RW ", program.ExecutableStack);

        uint end = 0;
        byte[] file = File.ReadAllBytes(Path.Combine(_folder, "program"));
        MatchCollection loads = Load().Matches(headers);
        Assert.NotEmpty(loads);
        foreach (Match load in loads)
        {
            (uint offset, uint address) = (Hex(load.Groups[1].Value), Hex(load.Groups[2].Value) + bias);
            (uint fileSize, uint memorySize) = (Hex(load.Groups[3].Value), Hex(load.Groups[4].Value));
            Assert.Equal(file[(int)offset..(int)(offset + fileSize)], Memory(program, address, fileSize));
            Assert.Equal(new byte[memorySize - fileSize], Memory(program, address + fileSize, memorySize - fileSize));
            end = Math.Max(end, address + memorySize);

            // A page that several segments share is the last one's.
            uint page = address & ~0xfffu;
            Match last = loads.Last(other => Hex(other.Groups[2].Value) + bias < page + 0x1000
                && Hex(other.Groups[2].Value) + Hex(other.Groups[4].Value) + bias > page);
            Assert.Equal(last.Groups[5].Value, FlagsAt(program, page));
        }

        Assert.Equal((end + 0xfff) & ~0xfffu, program.BreakStart);
    }

    [Theory]
    [InlineData("-static")]
    [InlineData("-static-pie -fPIE")]
    public void Its_program_headers_are_in_memory_where_the_C_library_looks_for_them(string options)
    {
        byte[] file = Compile(Source, options);
        ElfExecutable program = ElfExecutable.Parse(file);
        Assert.Equal(file[52..(52 + (program.ProgramHeaderCount * 32))], Memory(program, program.ProgramHeadersAddress, (uint)program.ProgramHeaderCount * 32));
    }

    [Theory]
    [InlineData("-static")]
    [InlineData("-static-pie -fPIE")]
    public void Its_names_are_those_of_nm(string options)
    {
        ElfExecutable program = ElfExecutable.Parse(Compile(Source, options));
        SymbolTable symbols = new(program.Symbols);
        string names = Shell.Run($"nm {_folder}/program").Output;
        foreach (string name in new[] { "main", "_start", "printf", "my_data", "my_bss" })
        {
            Assert.Equal(Hex(Regex.Match(names, $"^([0-9a-f]+) . {name}$", RegexOptions.Multiline).Groups[1].Value) + program.LoadBias, symbols.AddressOf(name));
        }

        Assert.InRange(symbols.All.Length, 1000, 10_000);
    }

    [Fact]
    public void A_dynamic_program_is_told_which_interpreter_it_needs() => AssertRefused(
        "needs the interpreter /lib/ld-linux.so.2; a static program is needed (gcc -static)", "-m32");

    [Fact]
    public void A_64_bit_program_is_told_to_be_one() =>
        AssertRefused("a 64-bit program (ELFCLASS64); a 32-bit one for i386 is needed (gcc -m32)", "-m64 -static");

    [Fact]
    public void An_object_file_is_told_to_be_one() => AssertRefused("an object file (ET_REL); it must be linked to a program first", "-m32 -c");

    [Fact]
    public void A_shared_library_is_told_to_have_no_entry() =>
        AssertRefused("it has no entry point (e_entry is 0), as a shared library has none", "-m32 -shared -fPIC");

    private void AssertRefused(string message, string options) =>
        Assert.Equal(message, Assert.Throws<ElfFormatException>(() => ElfExecutable.Parse(Build(Source, options))).Message);

    private byte[] Compile(string source, string options) => Build(source, $"-m32 {options}");

    private byte[] Build(string source, string options)
    {
        File.WriteAllText(Path.Combine(_folder, "program.c"), source);
        File.WriteAllText(Path.Combine(_folder, "odd.ld"), OddScript);
        (int status, _, string error) = Shell.Run($"cd {_folder} && gcc -O1 -o program program.c {options}");
        Assert.True(status == 0, error);
        return File.ReadAllBytes(Path.Combine(_folder, "program"));
    }

    private static string FlagsAt(ElfExecutable program, uint address)
    {
        SegmentFlags flags = program.Segments.Single(segment => address >= segment.Address && address < segment.End).Flags;
        return string.Concat(
            flags.HasFlag(SegmentFlags.Read) ? 'R' : ' ', flags.HasFlag(SegmentFlags.Write) ? 'W' : ' ', flags.HasFlag(SegmentFlags.Execute) ? 'E' : ' ');
    }

    private static byte[] Memory(ElfExecutable program, uint address, uint size)
    {
        byte[] memory = new byte[size];
        foreach (ProgramSegment segment in program.Segments)
        {
            for (uint at = Math.Max(address, segment.Address); at < Math.Min(address + size, segment.End); at++)
            {
                int offset = (int)(at - segment.Address);
                memory[at - address] = offset < segment.Bytes.Length ? segment.Bytes.Span[offset] : (byte)0;
            }
        }

        return memory;
    }

    private static uint Hex(string digits) => Convert.ToUInt32(digits, 16);

    [GeneratedRegex(@"Entry point address: +(0x[0-9a-f]+)")]
    private static partial Regex EntryPoint();

    [GeneratedRegex(@"Number of program headers: +(\d+)")]
    private static partial Regex HeaderCount();

    [GeneratedRegex(@"^ +LOAD +(0x\w+) (0x\w+) 0x\w+ (0x\w+) (0x\w+) ([R ][W ][E ])", RegexOptions.Multiline)]
    private static partial Regex Load();

    [GeneratedRegex(@"^ +GNU_STACK +0x\w+ 0x\w+ 0x\w+ 0x\w+ 0x\w+ ([R ][W ][E ])", RegexOptions.Multiline)]
    private static partial Regex Stack();
}
