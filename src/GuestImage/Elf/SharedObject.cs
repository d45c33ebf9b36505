// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Elf;

/// <summary>
/// A shared object of one segment that is loaded, headers included: every address is its file offset on top of the base. Behind what is
/// loaded come the sections' names and the section headers.
/// </summary>
internal sealed class SharedObject
{
    private const string NamesSection = ".shstrtab";

    // Section headers are words.
    private const uint HeaderAlignment = 4;

    /// <summary>Virtual address of the file's first byte.</summary>
    public required uint Base { get; init; }

    /// <summary>Virtual address of the first instruction: e_entry.</summary>
    public required uint Entry { get; init; }

    /// <summary>Its sections in the order of their addresses, without the null section and the section of names.</summary>
    public required IReadOnlyList<ElfSection> Sections { get; init; }

    /// <summary>Its segments in the order of their headers.</summary>
    public required IReadOnlyList<ElfSegment> Segments { get; init; }

    /// <summary>The file.</summary>
    /// <exception cref="InvalidOperationException">The sections overlap, or one's size depends on an address.</exception>
    public byte[] ToArray()
    {
        ElfStrings names = new([NamesSection, .. Sections.Select(section => section.Name)]);
        ElfSection[] sections =
        [
            .. Sections,
            new(NamesSection, SectionType.StringTable, Alignment: 1, _ => names.ToArray()) { Flags = SectionFlags.None },
        ];

        // Contents name addresses, and addresses follow from the contents' sizes. So they are made twice: for their sizes, and with the
        // addresses.
        string[] numbered = ["", .. sections.Select(section => section.Name)];
        ElfLayout draft = new(numbered, new SectionHeader[numbered.Length]);
        SectionHeader[] headers = Place(sections, [.. sections.Select(section => (uint)section.Content(draft).Length)], names, draft);
        ElfLayout layout = new(numbered, headers);

        SectionHeader last = headers[^1];
        uint headersOffset = AlignUp(last.Offset + last.SectionSize, HeaderAlignment);
        byte[] file = new byte[headersOffset + headers.Length * SectionHeader.Size];
        MemoryMarshal.Write(file, Header(headersOffset, headers.Length));
        ProgramHeader[] segments = [.. Segments.Select(segment => Describe(segment, layout, headers))];
        MemoryMarshal.AsBytes<ProgramHeader>(segments).CopyTo(file.AsSpan(ElfHeader.Size));
        MemoryMarshal.AsBytes<SectionHeader>(headers).CopyTo(file.AsSpan((int)headersOffset));
        foreach (ElfSection section in sections)
        {
            SectionHeader header = layout.HeaderOf(section.Name);
            byte[] content = section.Content(layout);
            if (content.Length != header.SectionSize)
            {
                throw new InvalidOperationException($"The size of {section.Name} depends on an address.");
            }

            content.CopyTo(file, header.Offset);
        }

        return file;
    }

    private static uint AlignUp(uint value, uint alignment) => (value + alignment - 1) / alignment * alignment;

    private SectionHeader[] Place(ElfSection[] sections, uint[] sizes, ElfStrings names, ElfLayout indices)
    {
        // The first header is the null section's.
        SectionHeader[] headers = new SectionHeader[sections.Length + 1];
        uint end = (uint)(ElfHeader.Size + Segments.Count * ProgramHeader.Size);
        for (int i = 0; i < sections.Length; i++)
        {
            ElfSection section = sections[i];
            uint offset = section.Address - Base ?? AlignUp(end, section.Alignment);
            if (offset < end)
            {
                throw new InvalidOperationException(
                    $"{section.Name} at 0x{section.Address:x8} overlaps what is before it, which ends at 0x{Base + end:x8}.");
            }

            headers[i + 1] = new SectionHeader
            {
                Name = names.OffsetOf(section.Name),
                Type = section.Type,
                Flags = section.Flags,
                Address = section.Flags.HasFlag(SectionFlags.Allocate) ? Base + offset : 0,
                Offset = offset,
                SectionSize = sizes[i],
                Link = section.Link is string link ? indices.IndexOf(link) : 0u,
                Info = section.Info,
                Alignment = section.Alignment,
                EntrySize = section.EntrySize,
            };
            end = offset + sizes[i];
        }

        return headers;
    }

    private ElfHeader Header(uint sectionHeaders, int sectionCount) => new()
    {
        Magic = ElfHeader.ElfMagic,
        Class = ElfHeader.Class32,
        Data = ElfHeader.LittleEndian,
        IdentVersion = ElfHeader.CurrentVersion,
        Type = ElfType.SharedObject,
        Machine = ElfHeader.Machine386,
        Version = ElfHeader.CurrentVersion,
        Entry = Entry,
        ProgramHeaderOffset = ElfHeader.Size,
        SectionHeaderOffset = sectionHeaders,
        HeaderSize = ElfHeader.Size,
        ProgramHeaderSize = ProgramHeader.Size,
        ProgramHeaderCount = (ushort)Segments.Count,
        SectionHeaderSize = SectionHeader.Size,
        SectionHeaderCount = (ushort)sectionCount,
        SectionNameIndex = (ushort)(sectionCount - 1),
    };

    private ProgramHeader Describe(ElfSegment segment, ElfLayout layout, IReadOnlyList<SectionHeader> headers)
    {
        uint offset = 0;
        uint size = headers.Where(header => header.Flags.HasFlag(SectionFlags.Allocate)).Max(header => header.Offset + header.SectionSize);
        if (segment.Section is string name)
        {
            offset = layout.HeaderOf(name).Offset;
            size = layout.HeaderOf(name).SectionSize;
        }

        return new ProgramHeader
        {
            Type = segment.Type,
            Offset = offset,
            VirtualAddress = Base + offset,
            PhysicalAddress = Base + offset,
            FileSize = size,
            MemorySize = size,
            Flags = segment.Flags,
            Alignment = segment.Alignment,
        };
    }
}
