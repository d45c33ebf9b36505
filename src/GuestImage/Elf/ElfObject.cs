// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Elf;

/// <summary>
/// A shared object as its file tells of itself: header, program headers, sections, and the symbols that a dynamic linker sees, with their
/// versions. Nothing that the file claims is believed without its being in the file.
/// </summary>
public sealed class ElfObject
{
    private const int MaxNameLength = 128;

    // Bit 15 of a symbol's version says that nothing is linked with it by default.
    private const ushort VersionIndexMask = 0x7fff;

    private readonly ReadOnlyMemory<byte> _file;

    private ElfObject(ReadOnlyMemory<byte> file)
    {
        _file = file;
        if (file.Length < ElfHeader.Size)
        {
            throw new ElfFormatException($"no ELF object: it has {file.Length} bytes, fewer than the ELF header's {ElfHeader.Size}");
        }

        Header = MemoryMarshal.Read<ElfHeader>(file.Span);
        if (Header is not
            {
                Magic: ElfHeader.ElfMagic,
                Class: ElfHeader.Class32,
                Data: ElfHeader.LittleEndian,
                Machine: ElfHeader.Machine386,
                Type: ElfType.SharedObject,
            })
        {
            throw new ElfFormatException("no ELF shared object for i386");
        }

        if (Header is { ProgramHeaderCount: > 0, ProgramHeaderSize: not ProgramHeader.Size }
            || Header is { SectionHeaderCount: > 0, SectionHeaderSize: not SectionHeader.Size })
        {
            throw new ElfFormatException($"its headers are {Header.ProgramHeaderSize} and {Header.SectionHeaderSize} bytes long; "
                + $"{ProgramHeader.Size} for a segment and {SectionHeader.Size} for a section are needed");
        }

        ProgramHeaders = Table<ProgramHeader>(Header.ProgramHeaderOffset, Header.ProgramHeaderCount * (uint)ProgramHeader.Size, "program headers");
        Sections = ReadSections();
        Symbols = ReadSymbols();
        SharedObjectName = ReadSharedObjectName();
    }

    /// <summary>The ELF header.</summary>
    public ElfHeader Header { get; }

    /// <summary>The program headers.</summary>
    public ImmutableArray<ProgramHeader> ProgramHeaders { get; }

    /// <summary>The sections, in the order of their headers; the first is the null section.</summary>
    public ImmutableArray<ElfObjectSection> Sections { get; }

    /// <summary>The symbols of .dynsym, in its order, without the null symbol.</summary>
    public ImmutableArray<ElfObjectSymbol> Symbols { get; }

    /// <summary>DT_SONAME: the object's own name; null when it has none.</summary>
    public string? SharedObjectName { get; }

    /// <summary>What it is, in the words of file(1).</summary>
    public string Kind
    {
        get
        {
            string linked = ProgramHeaders.Any(header => header.Type == SegmentType.Dynamic) ? "dynamically linked" : "statically linked";
            string stripped = Sections.IsEmpty ? "no section header"
                : Sections.Any(section => section.Header.Type == SectionType.SymbolTable) ? "not stripped"
                : "stripped";
            string abi = Header.OsAbi == 0 ? "SYSV" : $"ABI {Header.OsAbi}";
            return $"ELF 32-bit LSB shared object, Intel 80386, version {Header.Version} ({abi}), {linked}, {stripped}";
        }
    }

    /// <summary>Reads a shared object.</summary>
    /// <param name="file">The whole file. The result keeps slices of it.</param>
    /// <exception cref="ElfFormatException">It is none, or one of its tables is not all in the file.</exception>
    public static ElfObject Parse(ReadOnlyMemory<byte> file) => new(file);

    private ImmutableArray<ElfObjectSection> ReadSections()
    {
        ImmutableArray<SectionHeader> headers =
            Table<SectionHeader>(Header.SectionHeaderOffset, Header.SectionHeaderCount * (uint)SectionHeader.Size, "section headers");
        ReadOnlyMemory<byte> names = Header.SectionNameIndex < headers.Length ? BytesOf(headers[Header.SectionNameIndex]) : default;
        return [.. headers.Select(header => new ElfObjectSection(Text(names, header.Name), header, BytesOf(header)))];
    }

    private ImmutableArray<ElfObjectSymbol> ReadSymbols()
    {
        if (SectionOf(SectionType.DynamicSymbols) is not ElfObjectSection table)
        {
            return [];
        }

        ReadOnlyMemory<byte> names = LinkedTo(table);
        ReadOnlySpan<ElfSymbol> symbols = MemoryMarshal.Cast<byte, ElfSymbol>(table.Bytes.Span);
        ReadOnlySpan<ushort> versions = SectionOf(SectionType.GnuVersions) is ElfObjectSection section
            ? MemoryMarshal.Cast<byte, ushort>(section.Bytes.Span)
            : [];
        Dictionary<int, string> defined = ReadVersions();
        ImmutableArray<ElfObjectSymbol>.Builder result = ImmutableArray.CreateBuilder<ElfObjectSymbol>();
        for (int i = 1; i < symbols.Length; i++)
        {
            string? version = i < versions.Length ? defined.GetValueOrDefault(versions[i] & VersionIndexMask) : null;
            result.Add(new ElfObjectSymbol(Text(names, symbols[i].Name), symbols[i], version));
        }

        return result.ToImmutable();
    }

    /// <summary>The versions that the object defines, by their numbers, without the object itself.</summary>
    private Dictionary<int, string> ReadVersions()
    {
        Dictionary<int, string> versions = [];
        if (SectionOf(SectionType.GnuVersionDefinitions) is not ElfObjectSection section)
        {
            return versions;
        }

        ReadOnlyMemory<byte> names = LinkedTo(section);
        ReadOnlySpan<byte> rest = section.Bytes.Span;
        while (rest.Length >= VersionDefinition.Size)
        {
            VersionDefinition definition = MemoryMarshal.Read<VersionDefinition>(rest);
            bool hasName = (ulong)definition.NameOffset + VersionName.Size <= (ulong)rest.Length;
            if (hasName && !definition.Flags.HasFlag(VersionFlags.Base))
            {
                versions[definition.Index] = Text(names, MemoryMarshal.Read<VersionName>(rest[(int)definition.NameOffset..]).Name);
            }

            // Every step leads onwards, so the chain has an end.
            if (definition.NextOffset == 0 || definition.NextOffset > rest.Length)
            {
                break;
            }

            rest = rest[(int)definition.NextOffset..];
        }

        return versions;
    }

    private string? ReadSharedObjectName()
    {
        if (SectionOf(SectionType.Dynamic) is not ElfObjectSection section)
        {
            return null;
        }

        foreach (DynamicEntry entry in MemoryMarshal.Cast<byte, DynamicEntry>(section.Bytes.Span))
        {
            switch (entry.Tag)
            {
                case DynamicTag.Null:
                    return null;
                case DynamicTag.SharedObjectName:
                    return Text(LinkedTo(section), entry.Value);
                default:
                    break;
            }
        }

        return null;
    }

    private ElfObjectSection? SectionOf(SectionType type) => Sections.FirstOrDefault(section => section.Header.Type == type);

    private ReadOnlyMemory<byte> LinkedTo(ElfObjectSection section) =>
        section.Header.Link < Sections.Length ? Sections[(int)section.Header.Link].Bytes : default;

    private ReadOnlyMemory<byte> BytesOf(in SectionHeader header)
    {
        if (header.Type is SectionType.Null or SectionType.NoBits)
        {
            return default;
        }

        return (ulong)header.Offset + header.SectionSize <= (ulong)_file.Length
            ? _file.Slice((int)header.Offset, (int)header.SectionSize)
            : throw new ElfFormatException($"a section of 0x{header.SectionSize:x} bytes at offset 0x{header.Offset:x} is not all in the file");
    }

    private ImmutableArray<T> Table<T>(uint offset, uint size, string what)
        where T : unmanaged =>
        (ulong)offset + size <= (ulong)_file.Length
            ? [.. MemoryMarshal.Cast<byte, T>(_file.Span.Slice((int)offset, (int)size))]
            : throw new ElfFormatException($"its {what}, at offset 0x{offset:x}, are not all in the file");

    private static string Text(ReadOnlyMemory<byte> strings, uint offset) =>
        offset < strings.Length ? PrintableText.From(strings.Span[(int)offset..], MaxNameLength) : "";
}
