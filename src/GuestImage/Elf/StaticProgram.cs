// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Elf;

/// <summary>The writer of a static program's file, for i386 or for x86-64, as Linux executes it: headers, and a page-aligned segment after the other.</summary>
/// <param name="Segments">The program's memory, without its stack, which is Linux' to make.</param>
/// <param name="Entry">Address of the first instruction.</param>
/// <param name="Bitness">32 or 64.</param>
public sealed record StaticProgram(ImmutableArray<ProgramSegment> Segments, uint Entry, int Bitness)
{
    private const uint PageSize = 4096;

    /// <summary>The file's bytes.</summary>
    public byte[] ToArray()
    {
        byte[] file = new byte[OffsetOf(Segments.Length)];
        Span<byte> rest = file;
        if (Bitness == 64)
        {
            Append(ref rest, Header64());
        }
        else
        {
            Append(ref rest, Header32());
        }

        for (int i = 0; i < Segments.Length; i++)
        {
            ProgramSegment segment = Segments[i];
            segment.Bytes.Span.CopyTo(file.AsSpan((int)OffsetOf(i)));
            AppendSegment(ref rest, SegmentType.Load, segment, OffsetOf(i));
        }

        // Without it Linux makes the stack, and for i386 all that can be read, executable.
        AppendSegment(ref rest, SegmentType.GnuStack, new(0, default, 0, SegmentFlags.Read | SegmentFlags.Write), offset: 0);
        return file;
    }

    private uint OffsetOf(int segment) => PageSize + (uint)Segments.Take(segment).Sum(before => before.MemorySize);

    private ElfHeader Header32() => new()
    {
        Magic = ElfHeader.ElfMagic,
        Class = ElfHeader.Class32,
        Data = ElfHeader.LittleEndian,
        IdentVersion = ElfHeader.CurrentVersion,
        Type = ElfType.Executable,
        Machine = ElfHeader.Machine386,
        Version = ElfHeader.CurrentVersion,
        Entry = Entry,
        ProgramHeaderOffset = ElfHeader.Size,
        HeaderSize = ElfHeader.Size,
        ProgramHeaderSize = ProgramHeader.Size,
        ProgramHeaderCount = (ushort)(Segments.Length + 1),
    };

    private ElfHeader64 Header64() => new()
    {
        Magic = ElfHeader.ElfMagic,
        Class = ElfHeader64.Class64,
        Data = ElfHeader.LittleEndian,
        IdentVersion = ElfHeader.CurrentVersion,
        Type = ElfType.Executable,
        Machine = ElfHeader64.MachineX8664,
        Version = ElfHeader.CurrentVersion,
        Entry = Entry,
        ProgramHeaderOffset = ElfHeader64.Size,
        HeaderSize = ElfHeader64.Size,
        ProgramHeaderSize = ProgramHeader64.Size,
        ProgramHeaderCount = (ushort)(Segments.Length + 1),
    };

    private void AppendSegment(ref Span<byte> rest, SegmentType type, in ProgramSegment segment, uint offset)
    {
        if (Bitness == 64)
        {
            Append(ref rest, new ProgramHeader64
            {
                Type = type,
                Flags = segment.Flags,
                Offset = offset,
                VirtualAddress = segment.Address,
                PhysicalAddress = segment.Address,
                FileSize = (ulong)segment.Bytes.Length,
                MemorySize = segment.MemorySize,
                Alignment = PageSize,
            });
        }
        else
        {
            Append(ref rest, new ProgramHeader
            {
                Type = type,
                Flags = segment.Flags,
                Offset = offset,
                VirtualAddress = segment.Address,
                PhysicalAddress = segment.Address,
                FileSize = (uint)segment.Bytes.Length,
                MemorySize = segment.MemorySize,
                Alignment = PageSize,
            });
        }
    }

    private static void Append<T>(ref Span<byte> rest, in T structure)
        where T : unmanaged
    {
        MemoryMarshal.Write(rest, in structure);
        rest = rest[Unsafe.SizeOf<T>()..];
    }
}
