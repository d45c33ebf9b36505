// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Kvmsys.Guest.Elf;

namespace Kvmsys.Tests.NoDevice.Programs;

/// <summary>
/// An ELF file by hand. As it comes, it is a program of three pages: code at 0x08048000, with the headers in it, and data with a bss at
/// 0x08049000. The file's bytes tell where they are: each is its offset divided by 16.
/// </summary>
internal sealed class TinyElf
{
    public const uint TextAddress = 0x08048000;
    public const uint DataAddress = 0x08049000;

    private readonly List<ProgramHeader> _segments =
    [
        Load(TextAddress, offset: 0, fileSize: 0x800, memorySize: 0x800, SegmentFlags.Read | SegmentFlags.Execute),
        Load(DataAddress, offset: 0x1000, fileSize: 0x123, memorySize: 0x1123, SegmentFlags.Read | SegmentFlags.Write),
        new() { Type = SegmentType.GnuStack, Flags = SegmentFlags.Read | SegmentFlags.Write },
    ];

    private ElfHeader _header = new()
    {
        Magic = ElfHeader.ElfMagic,
        Class = ElfHeader.Class32,
        Data = ElfHeader.LittleEndian,
        IdentVersion = ElfHeader.CurrentVersion,
        Type = ElfType.Executable,
        Machine = ElfHeader.Machine386,
        Version = ElfHeader.CurrentVersion,
        Entry = TextAddress + 0x100,
        ProgramHeaderOffset = ElfHeader.Size,
        HeaderSize = ElfHeader.Size,
        ProgramHeaderSize = ProgramHeader.Size,
        SectionHeaderSize = SectionHeader.Size,
    };

    /// <summary>Bytes of the file.</summary>
    public int Length { get; set; } = 0x1200;

    /// <summary>The number of program headers that the file claims, when that is not how many there are.</summary>
    public ushort? ProgramHeaderCount { get; set; }

    public ref ElfHeader Header => ref _header;

    public List<ProgramHeader> Segments => _segments;

    /// <summary>What is written over the file in the end.</summary>
    public List<(int Offset, byte[] Bytes)> Patches { get; } = [];

    public static ProgramHeader Load(uint address, uint offset, uint fileSize, uint memorySize, SegmentFlags flags) => new()
    {
        Type = SegmentType.Load,
        VirtualAddress = address,
        PhysicalAddress = address,
        Offset = offset,
        FileSize = fileSize,
        MemorySize = memorySize,
        Flags = flags,
        Alignment = 0x1000,
    };

    /// <summary>The file's byte at an offset, where no header is.</summary>
    public static byte ByteAt(uint offset) => (byte)(offset >> 4);

    public TinyElf Change(int index, Func<ProgramHeader, ProgramHeader> change)
    {
        _segments[index] = change(_segments[index]);
        return this;
    }

    public TinyElf With(params ProgramHeader[] segments)
    {
        _segments.Clear();
        _segments.AddRange(segments);
        return this;
    }

    public TinyElf Entry(uint address)
    {
        _header.Entry = address;
        return this;
    }

    public byte[] Build()
    {
        byte[] file = [.. Enumerable.Range(0, Length).Select(offset => ByteAt((uint)offset))];
        _header.ProgramHeaderCount = ProgramHeaderCount ?? (ushort)_segments.Count;
        Write(file, 0, [_header]);
        Write(file, ElfHeader.Size, CollectionsMarshal.AsSpan(_segments));
        foreach ((int offset, byte[] bytes) in Patches)
        {
            Write<byte>(file, offset, bytes);
        }

        return file;
    }

    public ElfExecutable Parse() => ElfExecutable.Parse(Build());

    // What does not fit is cut off: a file may be too short on purpose.
    private static void Write<T>(byte[] file, int offset, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
        bytes[..Math.Clamp(file.Length - offset, 0, bytes.Length)].CopyTo(file.AsSpan(Math.Min(offset, file.Length)));
    }
}
