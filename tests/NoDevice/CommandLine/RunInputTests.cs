// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Kvmsys.Guest.Elf;
using Kvmsys.Tests.NoDevice.Programs;

namespace Kvmsys.Tests.NoDevice.CommandLine;

/// <summary>A program that cannot be run, or is given what there is not, is refused in one line with status 2, before any device is opened.</summary>
public sealed class RunInputTests
{
    [Theory]
    [InlineData("/no/such/file", "there is no such file")]
    [InlineData("/", "it is a folder")]
    [InlineData("--bogus $kvmsys", "--bogus is no option and no file here. Cure: see kvmsys run --help")]
    [InlineData("/dev/zero", "it is no regular file")]
    [InlineData("/dev/null", "it is no regular file")]
    [InlineData("/etc/hostname/x", "there is no such file")]
    [InlineData("\"$(printf '/no/\\e[31msuch')\"", "/no/\\x1b[31msuch")]
    [InlineData("build.sh", "not an ELF file: it starts with 23 21 2f 62")]
    [InlineData("$kvmsys", "a 64-bit program")]
    public void A_file_that_is_no_program(string file, string reason) => AssertRefused($"run {file}", reason);

    [Fact]
    public void A_pipe_is_not_waited_for() => AssertRefused("run <(sleep 60 2>/dev/null)", "it is no regular file");

    [Fact]
    public void A_file_larger_than_the_guest_is_not_read() =>
        WithFile(path => File.OpenHandle(path, FileMode.Create, FileAccess.Write, preallocationSize: 0).Dispose(), path =>
            AssertRefused($"run --memory 4 {path}", "4096 KiB are the most", before: $"truncate -s 100G {path}; "));

    [Fact]
    public void A_large_file_is_read_whatever_the_collector_makes_of_it()
    {
        // It crashed half of the times where it had 128 MiB of addresses.
        string path = Path.GetTempFileName();
        (int status, _, string error) = Shell.Run(
            $"head -c 4096 $kvmsys > {path}; truncate -s 60M {path}; for i in $(seq 16); do $kvmsys run {path} 2>/dev/null; [ $? = 2 ] || exit 1; done; $kvmsys run {path}");
        Assert.True(status == 2, $"{status}: {error}");
        Assert.Contains("a 64-bit program", error, StringComparison.Ordinal);
        File.Delete(path);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(51)]
    [InlineData(60)]
    public void A_truncated_program(int length) => AssertProgramRefused(new TinyElf().Build()[..length], length == 0 ? "it is empty" : length < 52 ? "within the ELF header" : "program header");

    [Fact]
    public void A_program_for_another_machine() => AssertProgramRefused(Changed((ref ElfHeader header) => header.Machine = 40), "a program for ARM (40)");

    [Fact]
    public void An_entry_outside() => AssertProgramRefused(Changed((ref ElfHeader header) => header.Entry = 0x70000000), "0x70000000");

    [Fact]
    public void Absurd_counts() => AssertProgramRefused(Changed((ref ElfHeader header) => header.ProgramHeaderCount = 0xffff), "65535 program headers");

    [Theory]
    [InlineData("--memory 3", "from 4 to 896 is needed")]
    [InlineData("--memory 4096", "from 4 to 896 is needed")]
    [InlineData("--timeout 0", "from 1 to 86400 is needed")]
    [InlineData("--timeout never", "from 1 to 86400 is needed")]
    [InlineData("--env =x", "NAME=VALUE or NAME is needed")]
    [InlineData("--ro /no/such/folder", "there is no such folder")]
    [InlineData("--ro build.sh", "there is no such folder")]
    [InlineData("--fixmap hello", "NAME=FILE is needed")]
    [InlineData("--fixmap =build.sh", "NAME=FILE is needed")]
    [InlineData("--fixmap hello=/no/such/file", "there is no such file")]
    [InlineData("--mechanism syscall", "int80")]
    [InlineData("--cpuid nothing", "no-sep")]
    [InlineData("--gdb 99999", "a port is a number up to 65535. Cure:")]
    public void An_option_that_is_not_possible(string options, string reason) =>
        WithFile(path => File.WriteAllBytes(path, new TinyElf().Build()), path => AssertRefused($"run {options} {path}", reason));

    [Fact]
    public void No_program_at_all() => AssertRefused("run --timeout 5", "kvmsys run --help");

    private delegate void HeaderChange(ref ElfHeader header);

    private static byte[] Changed(HeaderChange change)
    {
        byte[] file = new TinyElf().Build();
        change(ref MemoryMarshal.AsRef<ElfHeader>(file.AsSpan()));
        return file;
    }

    private static void AssertProgramRefused(byte[] file, string reason) =>
        WithFile(path => File.WriteAllBytes(path, file), path => AssertRefused($"run {path}", reason));

    private static void WithFile(Action<string> make, Action<string> use)
    {
        string path = Path.GetTempFileName();
        try
        {
            make(path);
            use(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void AssertRefused(string arguments, string reason, string before = "")
    {
        (int status, string output, string error) = Shell.Run($"{before}cd {Checkout.Root}; $kvmsys {arguments}");
        Assert.Equal((2, ""), (status, output));
        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.StartsWith("kvmsys: ", error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(c => c == '\n'));
    }
}
