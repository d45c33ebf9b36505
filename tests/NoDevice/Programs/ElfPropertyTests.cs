// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using FsCheck.Xunit;
using Kvmsys.Fuzz.Targets;
using Kvmsys.Guest.Elf;

namespace Kvmsys.Tests.NoDevice.Programs;

/// <summary>Whatever is done to a program's file: it is refused in one line, or what comes out can be given to a guest.</summary>
public sealed class ElfPropertyTests
{
    private const int HeadersLength = 52 + (3 * 32);
    private const long MaxAllocation = 1 << 20;

    // Values that fields' checks are about, and their neighbours.
    private static readonly uint[] Borders =
        [0, 1, 2, 3, 4, 5, 7, 32, 52, 0x123, 0x800, 0x1000, 0x1200, 0x10000, 0x4000000, 0x7fffffff, 0x8048000, 0x8049000, 0xbffff000, 0xc0000000, 0xfffff000, 0xffffffff];

    [Property(MaxTest = 2000)]
    public void Any_words_in_the_headers(ushort[] places, uint[] values)
    {
        byte[] file = new TinyElf().Build();
        foreach ((ushort place, uint value) in places.Zip(values))
        {
            BitConverter.TryWriteBytes(file.AsSpan(place % (HeadersLength - sizeof(uint) + 1)), value);
        }

        Check(file);
    }

    [Property(MaxTest = 2000)]
    public void Words_from_the_borders_in_the_program_headers(byte[] places, byte[] values, sbyte beside)
    {
        byte[] file = new TinyElf().Build();
        foreach ((byte place, byte value) in places.Zip(values))
        {
            int offset = 52 + (place % (3 * 32 / sizeof(uint)) * sizeof(uint));
            BitConverter.TryWriteBytes(file.AsSpan(offset), unchecked(Borders[value % Borders.Length] + (uint)(value % 3 == 0 ? beside : 0)));
        }

        Check(file);
    }

    [Property(MaxTest = 2000)]
    public void Any_bytes_in_a_file_with_symbols_of_any_length(ushort[] places, byte[] values, ushort length)
    {
        byte[] file = File.ReadAllBytes(Path.Combine(Checkout.Root, "tests", "Fuzz", "corpus", "elf", "symbols"));
        foreach ((ushort place, byte value) in places.Zip(values))
        {
            file[place % file.Length] = value;
        }

        Check(length % 4 == 0 ? file[..(length % (file.Length + 1))] : file);
    }

    [Property]
    public void Any_bytes(byte[] bytes) => Check(bytes);

    [Property]
    public void Any_bytes_behind_a_header(byte[] bytes) => Check([.. new TinyElf().Build()[..52], .. bytes]);

    [Fact]
    public void As_many_segments_as_Linux_takes_cost_little_time_and_memory()
    {
        // 2,048 of a byte each, in the order that makes sorting and sharing work hardest.
        TinyElf elf = new() { Length = 52 + (2048 * 32) };
        elf.With([.. Enumerable.Range(0, 2048).Select(i => TinyElf.Load(
            TinyElf.TextAddress + (uint)(2047 - i) * 2, (uint)(2047 - i) * 2, 1, 1, SegmentFlags.Read))]);
        byte[] file = elf.Build();
        Check(file);
        Assert.Equal([(TinyElf.TextAddress, 0x1000u)], elf.Parse().Segments.Select(segment => (segment.Address, segment.MemorySize)));
    }

    [Fact]
    public void Symbols_that_share_a_long_name_cost_a_bounded_amount()
    {
        byte[] file = HostileSymbols(count: 1 << 17);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.NotEmpty(ElfExecutable.Parse(file).Symbols);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 32 << 20);
    }

    private static byte[] HostileSymbols(int count)
    {
        const int sections = 0x1200;
        const int names = sections + (3 * 40);
        const int namesLength = 1 << 17;
        int table = names + namesLength;
        TinyElf elf = new() { Length = table + (count * 16) };
        elf.Header.SectionHeaderOffset = sections;
        elf.Header.SectionHeaderCount = 3;
        byte[] file = elf.Build();
        Span<uint> words = MemoryMarshal.Cast<byte, uint>(file.AsSpan(sections, 3 * 40));
        words.Clear();
        (words[11], words[14], words[15], words[16], words[19]) = (2, (uint)table, (uint)(count * 16), 2, 16);
        (words[21], words[24], words[25]) = (3, names, namesLength);
        file.AsSpan(names, namesLength).Fill(0x1b);
        for (int i = 0; i < count; i++)
        {
            Span<byte> symbol = file.AsSpan(table + (i * 16), 16);
            BitConverter.TryWriteBytes(symbol, (uint)i);
            BitConverter.TryWriteBytes(symbol[4..], TinyElf.TextAddress + (uint)(i % 0x1000));
            symbol[12] = 2;
            symbol[14] = 1;
            symbol[15] = 0;
        }

        return file;
    }

    private static void Check(byte[] file)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        new ElfTarget().Run(file);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MaxAllocation);
    }
}
