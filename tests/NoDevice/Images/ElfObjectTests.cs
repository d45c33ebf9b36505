// SPDX-License-Identifier: MIT

using System.Text.RegularExpressions;
using Kvmsys.Guest.Elf;
using Kvmsys.Guest.Vsyscall;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Tests.NoDevice.Images;

/// <summary>A shared object as we read it, against what the tools of others read.</summary>
public sealed partial class ElfObjectTests
{
    /// <summary>The variants.</summary>
    public static TheoryData<VsyscallVariant> Variants { get; } = [.. Enum.GetValues<VsyscallVariant>()];

    [Theory]
    [MemberData(nameof(Variants))]
    public void It_is_what_file_says(VsyscallVariant variant)
    {
        ReadOnlyMemory<byte> page = VsyscallPage.Build(variant).Bytes;
        Assert.Equal(Stranger.Read(page, "file", "--brief", "{}").Output.Trim(), ElfObject.Parse(page).Kind);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Its_symbols_and_sections_are_readelfs(VsyscallVariant variant)
    {
        ReadOnlyMemory<byte> page = VsyscallPage.Build(variant).Bytes;
        ElfObject elf = ElfObject.Parse(page);
        string[] symbols = [.. elf.Symbols.Select(symbol =>
            $"{symbol.Address:x8} {symbol.Size} {PageReport.TypeOf(symbol)} {symbol.Name}{(symbol.IsAbsolute ? "" : $"@@{symbol.Version}")}")];
        Assert.Equal(
            Symbol().Matches(Stranger.Read(page, "readelf", "-W", "--dyn-syms", "{}").Output)
                .Select(match => $"{match.Groups[1]} {match.Groups[2]} {match.Groups[3]} {match.Groups[4]}"),
            symbols);
        Assert.Equal(
            Section().Matches(Stranger.Read(page, "readelf", "-W", "-S", "{}").Output).Select(match => $"{match.Groups[1]} {match.Groups[2]} {match.Groups[3]}"),
            elf.Sections.Skip(1).Select(section => $"{section.Name} {section.Header.Address:x8} {section.Header.SectionSize:x6}"));
        Assert.Equal("linux-gate.so.1", elf.SharedObjectName);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Its_disassembly_is_objdumps(VsyscallVariant variant) => AssertSameAsObjdump(VsyscallPage.Build(variant).Bytes);

    [Fact]
    public void Long_instructions_zeros_and_bad_bytes_are_shown_as_objdump_shows_them()
    {
        // More than seven bytes, a branch to a place without a name, zeros within code and at the end of a
        // symbol's, fewer than are left out, and bytes that are no instruction.
        const string source = """
            .text
            .globl first, second, third
            .type first, @function; .type second, @function; .type third, @function
            first: movl $0x12345678, 0x1000(%eax)
            call second
            jne first
            movb $5, %al
            ret
            .zero 11
            second: lea 0x8(%esp,%ecx,4), %edx
            jmp 1f
            1: add $0x1, %eax
            .zero 2
            third: .byte 0xff, 0xff
            int $0x80
            ret
            .zero 4
            """;
        string folder = Directory.CreateTempSubdirectory("kvmsys-").FullName;
        try
        {
            string file = Path.Combine(folder, "code");
            File.WriteAllText($"{file}.s", source + "\n");
            Assert.Equal((0, "", ""), Stranger.Run("as", "--32", "-o", $"{file}.o", $"{file}.s"));
            Assert.Equal((0, "", ""), Stranger.Run("ld", "-m", "elf_i386", "-shared", "-s", "-Bsymbolic", "-o", $"{file}.so", $"{file}.o"));
            AssertSameAsObjdump(File.ReadAllBytes($"{file}.so"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void What_is_no_shared_object_of_i386_is_refused()
    {
        byte[] page = VsyscallPage.Build(VsyscallVariant.Sysenter).Bytes.ToArray();
        Assert.Throws<ElfFormatException>(() => ElfObject.Parse(Array.Empty<byte>()));
        Assert.Throws<ElfFormatException>(() => ElfObject.Parse(new byte[4096]));
        Assert.Throws<ElfFormatException>(() => ElfObject.Parse(page.AsMemory(0, 1000)));
        page[16] = (byte)ElfType.Executable;
        Assert.Throws<ElfFormatException>(() => ElfObject.Parse(page));
    }

    [Fact]
    public void A_page_with_any_word_changed_is_read_or_refused_and_nothing_worse()
    {
        byte[] page = VsyscallPage.Build(VsyscallVariant.Sysenter).Bytes.ToArray();
        const int used = 0x860;
        for (int i = 0; i < used; i++)
        {
            foreach (byte value in new byte[] { 0, 1, 0x7f, 0xff })
            {
                byte[] changed = [.. page];
                changed[i] = value;
                try
                {
                    ElfObject elf = ElfObject.Parse(changed);
                    Assert.NotEqual("", new ObjectDump(elf).Disassemble("changed"));
                }
                catch (ElfFormatException)
                {
                    // Refused.
                }
            }
        }
    }

    /// <summary>But for the file's name, the versions of symbols, and blanks at the ends of lines.</summary>
    private static void AssertSameAsObjdump(ReadOnlyMemory<byte> file)
    {
        (int status, string output, string error) = Stranger.Read(file, "objdump", "-d", "{}");
        Assert.Equal((0, ""), (status, error));
        string[] theirs = [.. output.Split('\n').Select(line => Version().Replace(line, "").TrimEnd())];
        string[] ours = [.. new ObjectDump(ElfObject.Parse(file)).Disassemble("page").Split('\n').Select(line => line.TrimEnd())];
        Assert.Equal(theirs[2..], ours[2..]);
        Assert.Equal("page:     file format elf32-i386", ours[1]);
        Assert.EndsWith(":     file format elf32-i386", theirs[1], StringComparison.Ordinal);
    }

    [GeneratedRegex(@"@@[\w.]+")]
    private static partial Regex Version();

    [GeneratedRegex(@"^ +[1-9]\d*: (\w+) +(\d+) (\w+) +GLOBAL DEFAULT +\w+ (\S+)$", RegexOptions.Multiline)]
    private static partial Regex Symbol();

    [GeneratedRegex(@"^  \[ *[1-9]\d*\] (\S+) +\S+ +(\w+) \w+ (\w+) ", RegexOptions.Multiline)]
    private static partial Regex Section();
}
