// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using System.Diagnostics;
using Kvmsys.Guest.Elf;

namespace Kvmsys.Tests.NoDevice.Images;

/// <summary>The files that Linux is to execute, as binutils and the reader of this repository see them.</summary>
public sealed class StaticProgramTests
{
    private const uint Text = 0x08048000;
    private const uint Data = 0x0804c000;

    private static readonly ImmutableArray<ProgramSegment> Segments =
    [
        new(Text, new byte[] { 0x90, 0xc3 }, 0x1000, SegmentFlags.Read | SegmentFlags.Execute),
        new(Data, new byte[] { 1, 2, 3 }, 0x1000, SegmentFlags.Read | SegmentFlags.Write),
    ];

    [Fact]
    public void The_reader_finds_what_the_writer_wrote()
    {
        ElfExecutable program = ElfExecutable.Parse(new StaticProgram(Segments, Text + 1, 32).ToArray());
        Assert.Equal(Text + 1, program.Entry);
        Assert.Equal([(Text, SegmentFlags.Read | SegmentFlags.Execute), (Data, SegmentFlags.Read | SegmentFlags.Write)], program.Segments.Select(segment => (segment.Address, segment.Flags)));
        Assert.Equal([0x90, 0xc3], program.Segments[0].Bytes[..2].ToArray());
        Assert.Equal([1, 2, 3], program.Segments[1].Bytes[..3].ToArray());
    }

    [Theory]
    [InlineData(32, "ELF32", "Intel 80386", "0x08048001")]
    [InlineData(64, "ELF64", "Advanced Micro Devices X86-64", "0x8048001")]
    public void Binutils_reads_it_without_a_warning(int bitness, string elfClass, string machine, string entry)
    {
        string output = Readelf(new StaticProgram(Segments, Text + 1, bitness).ToArray());
        Assert.Contains($"Class:                             {elfClass}\n", output, StringComparison.Ordinal);
        Assert.Contains($"Machine:                           {machine}\n", output, StringComparison.Ordinal);
        Assert.Contains($"Entry point address:               {entry.Replace("0x0", "0x", StringComparison.Ordinal)}\n", output, StringComparison.Ordinal);
        Assert.Matches(@"LOAD +0x0*1000 0x0*8048000 0x0*8048000 0x0*2 0x0*1000 R E 0x1000\n", output);
        Assert.Matches(@"LOAD +0x0*2000 0x0*804c000 0x0*804c000 0x0*3 0x0*1000 RW  0x1000\n", output);
        Assert.Matches(@"GNU_STACK +0x0+ 0x0+ 0x0+ 0x0+ 0x0+ RW  0x1000\n", output);
    }

    private static string Readelf(byte[] bytes)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, bytes);
            using Process readelf = Process.Start(new ProcessStartInfo("readelf", ["-hlW", path]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            string output = readelf.StandardOutput.ReadToEnd();
            Assert.Empty(readelf.StandardError.ReadToEnd());
            return output;
        }
        finally
        {
            File.Delete(path);
        }
    }
}
