// SPDX-License-Identifier: MIT

using System.Text.RegularExpressions;
using Kvmsys.Guest.Vsyscall;

namespace Kvmsys.Tests.NoDevice.Images;

/// <summary>What the tools of others say of the page, saved as a file.</summary>
public sealed partial class VsyscallToolsTests
{
    /// <summary>The variants.</summary>
    public static TheoryData<VsyscallVariant> Variants { get; } = [.. Enum.GetValues<VsyscallVariant>()];

    [Theory]
    [MemberData(nameof(Variants))]
    public void File_knows_it_for_a_stripped_shared_object_of_i386(VsyscallVariant variant)
    {
        string kind = Run(variant, "file", "--brief").Output;
        Assert.StartsWith("ELF 32-bit LSB shared object, Intel 80386, version 1 (SYSV)", kind, StringComparison.Ordinal);
        Assert.EndsWith("stripped\n", kind, StringComparison.Ordinal);
        Assert.DoesNotContain("not stripped", kind, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Readelf_reads_all_of_it_without_a_warning(VsyscallVariant variant)
    {
        (string output, string error) = Run(variant, "readelf", "-aW");
        Assert.Empty(error);
        Assert.DoesNotContain("warning", output, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Library soname: [linux-gate.so.1]", output, StringComparison.Ordinal);
        foreach (string symbol in new[] { "__kernel_vsyscall", "__kernel_sigreturn", "__kernel_rt_sigreturn" })
        {
            Assert.Contains($"{symbol}@@LINUX_2.5", output, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Elflint_finds_no_errors(VsyscallVariant variant) =>
        Assert.Equal(("No errors\n", ""), Run(variant, "eu-elflint", "--gnu-ld"));

    [Fact]
    public void GNU_ld_makes_the_same_tables_of_the_same_symbols()
    {
        string folder = Directory.CreateTempSubdirectory("kvmsys-").FullName;
        try
        {
            string source = Path.Combine(folder, "gate.s");
            string versions = Path.Combine(folder, "versions");
            string compiled = Path.Combine(folder, "gate.o");
            string linked = Path.Combine(folder, "gate.so");
            string ours = Path.Combine(folder, "ours.so");
            string[] symbols = ["__kernel_vsyscall", "__kernel_sigreturn", "__kernel_rt_sigreturn"];
            File.WriteAllLines(source, symbols.Select(symbol => $".globl {symbol}; .type {symbol}, @function; {symbol}: ret"));
            File.WriteAllText(versions, $"LINUX_2.5 {{ global: {string.Join("; ", symbols)}; local: *; }};\n");
            File.WriteAllBytes(ours, VsyscallPage.Build(VsyscallVariant.Sysenter).Bytes.Span);
            Succeed("as", "--32", "-o", compiled, source);
            string[] names = ["-soname=linux-gate.so.1", $"--version-script={versions}"];
            Succeed("ld", ["-m", "elf_i386", "-shared", "--hash-style=sysv", .. names, "-o", linked, compiled]);
            Assert.All(
                [".hash", ".dynstr", ".gnu.version", ".gnu.version_d"],
                section => Assert.Equal(Content(linked, section), Content(ours, section)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static byte[] Content(string file, string section)
        {
            string content = $"{file}{section}";
            Succeed("objcopy", "--dump-section", $"{section}={content}", file, $"{file}.copy");
            return File.ReadAllBytes(content);
        }
    }

    [Fact]
    public void Objdump_disassembles_SYSENTERs_routine_under_its_name() => Assert.Equal(
        [
            "ffffe400 push %ecx",
            "ffffe401 push %edx",
            "ffffe402 push %ebp",
            "ffffe403 mov %esp,%ebp",
            "ffffe405 sysenter",
            .. Enumerable.Range(0, 7).Select(i => $"{0xffffe407 + i:x8} nop"),
            "ffffe40e jmp ffffe403 <__kernel_vsyscall@@LINUX_2.5+0x3>",
            "ffffe410 pop %ebp",
            "ffffe411 pop %edx",
            "ffffe412 pop %ecx",
            "ffffe413 ret",
        ],
        Disassembly(VsyscallVariant.Sysenter, "__kernel_vsyscall"));

    [Fact]
    public void Objdump_disassembles_INT_0x80s_routine_under_its_name() =>
        Assert.Equal(["ffffe400 int $0x80", "ffffe402 ret"], Disassembly(VsyscallVariant.Int80, "__kernel_vsyscall"));

    [Theory]
    [MemberData(nameof(Variants))]
    public void Objdump_disassembles_the_signal_returns_under_their_names(VsyscallVariant variant)
    {
        Assert.Equal(["ffffe420 pop %eax", "ffffe421 mov $0x77,%eax", "ffffe426 int $0x80"], Disassembly(variant, "__kernel_sigreturn"));
        Assert.Equal(["ffffe440 mov $0xad,%eax", "ffffe445 int $0x80"], Disassembly(variant, "__kernel_rt_sigreturn"));
    }

    [Fact]
    public void Readelf_unwinds_SYSENTERs_routine_by_2_6_12s_rules_and_finds_ECX_and_EDX_too() => Assert.Equal(
        [
            "LOC CFA ecx edx ebp ra",
            "ffffe400 esp+4 u u u c-4",
            "ffffe401 esp+8 c-8 u u c-4",
            "ffffe402 esp+12 c-8 c-12 u c-4",
            "ffffe403 esp+16 c-8 c-12 c-16 c-4",
            "ffffe411 esp+12 c-8 c-12 u c-4",
            "ffffe412 esp+8 c-8 u u c-4",
            "ffffe413 esp+4 u u u c-4",
        ],
        Frame(Run(VsyscallVariant.Sysenter, "readelf", "--debug-dump=frames-interp"), "ffffe400..ffffe414"));

    [Fact]
    public void Readelf_unwinds_INT_0x80s_routine_by_its_first_rules_throughout()
    {
        (string output, string error) = Run(VsyscallVariant.Int80, "readelf", "--debug-dump=frames");
        Assert.All(Frame((output, error), "ffffe400..ffffe403"), operation => Assert.Equal("DW_CFA_nop", operation));
        Assert.Contains("DW_CFA_def_cfa: r4 (esp) ofs 4", output, StringComparison.Ordinal);
        Assert.Contains("DW_CFA_offset: r8 (eip) at cfa-4", output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Readelf_finds_what_a_signal_interrupted_in_the_handlers_frame(VsyscallVariant variant)
    {
        (string, string) frames = Run(variant, "readelf", "--debug-dump=frames");
        Assert.Equal(
            [
                .. Interrupted(cfa: 32, eax: 48, ecx: 44, edx: 40, ebx: 36, ebp: 28, esi: 24, edi: 20, eip: 60),
                "DW_CFA_advance_loc: 2 to ffffe421",
                .. Interrupted(cfa: 28, eax: 44, ecx: 40, edx: 36, ebx: 32, ebp: 24, esi: 20, edi: 16, eip: 56),
            ],
            Frame(frames, "ffffe41f..ffffe428"));
        Assert.Equal(
            [.. Interrupted(cfa: 188, eax: 204, ecx: 200, edx: 196, ebx: 192, ebp: 184, esi: 180, edi: 176, eip: 216), "DW_CFA_nop"],
            Frame(frames, "ffffe43f..ffffe447"));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Elfutils_reads_the_same_frames(VsyscallVariant variant)
    {
        (string output, string error) = Run(variant, "eu-readelf", "--debug-dump=frames");
        Assert.Empty(error);
        Assert.DoesNotContain("invalid", output, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(3, Regex.Count(output, @"address_range: "));

        // Each piece of code in the index, and the entry that the index has for it.
        Assert.Equal(["0x400", "0x41f", "0x43f"], IndexedCode().Matches(output).Select(match => match.Groups[1].Value));
        Assert.Equal(
            FrameEntry().Matches(output).Select(match => match.Groups[1].Value),
            IndexedCode().Matches(output).Select(match => match.Groups[2].Value));
    }

    private static string[] Interrupted(int cfa, int eax, int ecx, int edx, int ebx, int ebp, int esi, int edi, int eip) =>
    [
        $"DW_CFA_def_cfa_expression (DW_OP_breg4 (esp): {cfa}; DW_OP_deref)",
        $"DW_CFA_expression: r0 (eax) (DW_OP_breg4 (esp): {eax})",
        $"DW_CFA_expression: r1 (ecx) (DW_OP_breg4 (esp): {ecx})",
        $"DW_CFA_expression: r2 (edx) (DW_OP_breg4 (esp): {edx})",
        $"DW_CFA_expression: r3 (ebx) (DW_OP_breg4 (esp): {ebx})",
        $"DW_CFA_expression: r5 (ebp) (DW_OP_breg4 (esp): {ebp})",
        $"DW_CFA_expression: r6 (esi) (DW_OP_breg4 (esp): {esi})",
        $"DW_CFA_expression: r7 (edi) (DW_OP_breg4 (esp): {edi})",
        $"DW_CFA_expression: r8 (eip) (DW_OP_breg4 (esp): {eip})",
    ];

    private static (string Output, string Error) Run(VsyscallVariant variant, string program, params string[] arguments) =>
        Succeeded(program, Stranger.Read(VsyscallPage.Build(variant).Bytes, program, [.. arguments, "{}"]));

    private static void Succeed(string program, params string[] arguments) => Succeeded(program, Stranger.Run(program, arguments));

    private static (string Output, string Error) Succeeded(string program, (int Status, string Output, string Error) end)
    {
        Assert.True(end.Status == 0, $"{program} ended with status {end.Status}: {end.Error}{end.Output}");
        return (end.Output, end.Error);
    }

    /// <summary>The lines under the heading of a symbol, each as its address and its instruction.</summary>
    private static string[] Disassembly(VsyscallVariant variant, string symbol)
    {
        (string output, string error) = Run(variant, "objdump", "-d");
        Assert.Empty(error);
        return [.. Under(output, $"<{symbol}@@LINUX_2.5>:")
            .Where(line => line != "...")
            .Select(line => line.Split('\t', StringSplitOptions.TrimEntries))
            .Select(columns => Spaces().Replace($"{columns[0].TrimEnd(':')} {columns[2]}", " "))];
    }

    /// <summary>The lines under the heading of the frame of this code, with single spaces.</summary>
    private static string[] Frame((string Output, string Error) frames, string code)
    {
        Assert.Empty(frames.Error);
        return [.. Under(frames.Output, $"pc={code}").Select(line => Spaces().Replace(line, " "))];
    }

    private static IEnumerable<string> Under(string output, string heading) => output.Split('\n', StringSplitOptions.TrimEntries)
        .SkipWhile(line => !line.EndsWith(heading, StringComparison.Ordinal))
        .Skip(1)
        .TakeWhile(line => line.Length > 0);

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"\(offset: +(0x\w+)\) -> 0x\w+ fde=\[ *(\w+)\]")]
    private static partial Regex IndexedCode();

    [GeneratedRegex(@"\[ *(\w+)\] FDE ")]
    private static partial Regex FrameEntry();
}
