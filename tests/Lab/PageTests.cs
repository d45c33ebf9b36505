// SPDX-License-Identifier: MIT

using System.Text.Json;
using System.Text.RegularExpressions;

namespace Kvmsys.Tests.Lab;

/// <summary>kvmsys page as it ships: the page that a program in the guest wrote, before the tools that its user has.</summary>
public sealed partial class PageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-lab-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("", "sysenter")]
    [InlineData("--cpuid no-sep", "int80")]
    [InlineData("--mechanism int80", "int80")]
    public void File_readelf_and_objdump_say_of_the_bytes_what_kvmsys_says(string options, string variant)
    {
        string page = Path.Combine(_folder, "page.so");
        LabResult dump = LabRun.Bash($"lab/lab.sh -- kvmsys page dump {options} >{page}");
        Assert.Equal((0, ""), (dump.Status, dump.Error));
        Assert.Equal(4096, new FileInfo(page).Length);
        Assert.StartsWith("ELF 32-bit LSB shared object, Intel 80386, version 1 (SYSV)", LabRun.Bash($"file --brief {page}").Output, StringComparison.Ordinal);
        Assert.Equal("", LabRun.Bash($"readelf -aW {page} >/dev/null").Error);

        string theirs = LabRun.Bash($"objdump -d {page}").Output.Replace("@@LINUX_2.5", "", StringComparison.Ordinal).Replace(page, "linux-gate.so.1", StringComparison.Ordinal);
        LabResult ours = LabRun.Lab($"kvmsys page disasm {options}");
        Assert.Equal((0, ""), (ours.Status, ours.Error));
        Assert.Equal(BlanksAtEnd().Replace(theirs, ""), BlanksAtEnd().Replace(ours.Output, ""));
        Assert.Equal(variant == "sysenter", ours.Output.Contains("\tsysenter\n", StringComparison.Ordinal));

        using JsonDocument symbols = JsonDocument.Parse(LabRun.Lab($"kvmsys page symbols --json {options}").Output);
        Assert.Equal("kvmsys.page-symbols/1", symbols.RootElement.GetProperty("schema").GetString());
        Assert.Equal(variant, symbols.RootElement.GetProperty("vsyscallPage").GetString());
        Assert.Equal(
            Symbol().Matches(LabRun.Bash($"readelf -W --dyn-syms {page}").Output).Select(match => $"0x{match.Groups[1]} {match.Groups[2]} {match.Groups[3]}").Order(),
            symbols.RootElement.GetProperty("symbols").EnumerateArray()
                .Where(symbol => symbol.GetProperty("type").GetString() == "FUNC")
                .Select(symbol => $"{symbol.GetProperty("address")} {symbol.GetProperty("size")} {symbol.GetProperty("name")}@@{symbol.GetProperty("version")}")
                .Order());
    }

    [Fact]
    public void The_hexdump_is_hexdumps_at_the_pages_addresses()
    {
        string script = Path.Combine(_folder, "script");
        File.WriteAllText(script, "./kvmsys page dump --seed 1 --output /out/page.so && ./kvmsys page dump --seed 1 --hex >/out/page.hex\n");
        LabResult result = LabRun.Lab("/bin/sh script", $"--files {script} --files artifacts/kvmsys --output {_folder}");
        Assert.Equal((0, "", ""), (result.Status, result.Output, result.Error));
        byte[] page = File.ReadAllBytes(Path.Combine(_folder, "page.so"));
        string[] lines = File.ReadAllLines(Path.Combine(_folder, "page.hex"));
        Assert.Equal("ffffe000  7f 45 4c 46 01 01 01 00  00 00 00 00 00 00 00 00  |.ELF............|", lines[0]);
        Assert.Equal("fffff000", lines[^1]);
        Dictionary<int, byte[]> shown = lines.Select(line => HexLine().Match(line)).Where(match => match.Success).ToDictionary(
            match => (int)(Convert.ToUInt32(match.Groups[1].Value, 16) - 0xffffe000),
            match => Convert.FromHexString(match.Groups[2].Value.Replace(" ", "", StringComparison.Ordinal)));
        Assert.Contains("*", lines);
        Assert.All(shown, line => Assert.Equal(page[line.Key..(line.Key + 16)], line.Value));
    }

    [Fact]
    public void Symbols_are_a_table_under_the_pages_addresses()
    {
        LabResult result = LabRun.Lab("kvmsys page symbols --seed 1");
        Assert.Matches(@"^vsyscall page \(sysenter\): virtual 0xffffe000, physical 0x00[0-9a-f]{3}000\n", result.Output);
        Assert.Matches(@"│ __kernel_vsyscall +│ 0xffffe400 │ +20 │ FUNC +│ LINUX_2\.5 │", result.Output);
        Assert.Matches(@"│ LINUX_2\.5 +│ absolute +│ +0 │ OBJECT │ LINUX_2\.5 │", result.Output);
    }

    [Theory]
    [InlineData("dump --mechanism sysenter --cpuid no-sep", 2, "the page cannot use SYSENTER, the guest's CPU has none")]
    [InlineData("dump --output /lab/page.so", 74, "/lab/page.so cannot be written")]
    [InlineData("symbols >/dev/full", 74, "standard output cannot be written")]
    public void What_cannot_be_done_is_told_in_a_line(string arguments, int status, string message)
    {
        string script = Path.Combine(_folder, "script");
        File.WriteAllText(script, $"./kvmsys page {arguments}\n");
        LabResult result = LabRun.Lab("/bin/sh script", $"--files {script} --files artifacts/kvmsys");
        Assert.Equal((status, ""), (result.Status, result.Output));
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error, c => c == '\n');
    }

    [GeneratedRegex("[ \t]+$", RegexOptions.Multiline)]
    private static partial Regex BlanksAtEnd();

    [GeneratedRegex(@"^ +\d+: (\w+) +(\d+) FUNC +GLOBAL DEFAULT +\w+ (\S+)$", RegexOptions.Multiline)]
    private static partial Regex Symbol();

    [GeneratedRegex(@"^(\w{8})  ((?:\w\w +){16})\|")]
    private static partial Regex HexLine();
}
