// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Kvmsys.Guest.Elf;
using Kvmsys.Guest.Vsyscall;

namespace Kvmsys.Tests.NoDevice.Images;

/// <summary>The page as a shared object, against what Linux 2.6.12's linux-gate.so.1 has in its place.</summary>
public sealed class VsyscallObjectTests
{
    private const uint Base = 0xffffe000;

    [Theory]
    [InlineData(VsyscallVariant.Sysenter, 0x674)]
    [InlineData(VsyscallVariant.Int80, 0x65c)]
    public void Its_header_is_a_shared_objects_that_begins_at_the_entry(VsyscallVariant variant, int sectionHeaders)
    {
        ElfHeader header = Read<ElfHeader>(Page(variant), 0);
        Assert.Equal("7f454c4601010100" + "0000000000000000", Convert.ToHexStringLower(Page(variant)[..16]));
        Assert.Equal((ElfType.SharedObject, ElfHeader.Machine386, 1u), (header.Type, header.Machine, header.Version));
        Assert.Equal((VsyscallPage.Entry, 0u), (header.Entry, header.Flags));
        Assert.Equal((0x34u, (uint)sectionHeaders), (header.ProgramHeaderOffset, header.SectionHeaderOffset));
        Assert.Equal((0x34, 0x20, 4), (header.HeaderSize, header.ProgramHeaderSize, header.ProgramHeaderCount));
        Assert.Equal((0x28, 12, 11), (header.SectionHeaderSize, header.SectionHeaderCount, header.SectionNameIndex));
    }

    [Theory]
    [InlineData(VsyscallVariant.Sysenter, 0x608, 0x590)]
    [InlineData(VsyscallVariant.Int80, 0x5f0, 0x578)]
    public void Its_segments_are_in_2_6_12s_order_and_the_first_loads_its_headers_too(VsyscallVariant variant, uint loaded, uint dynamic)
    {
        ProgramHeader[] segments = Table<ProgramHeader>(Page(variant), 0x34, 4 * ProgramHeader.Size);
        Assert.Equal(
            [
                (SegmentType.Load, 0, loaded, SegmentFlags.Read | SegmentFlags.Execute, 0x1000),
                (SegmentType.Dynamic, dynamic, 0x78, SegmentFlags.Read, 4),
                (SegmentType.Note, 0x448, 0x18, SegmentFlags.Read, 4),
                (SegmentType.GnuEhFrame, 0x460, 0x24, SegmentFlags.Read, 4),
            ],
            segments.Select(segment => (segment.Type, segment.Offset, segment.FileSize, segment.Flags, segment.Alignment)));
        Assert.All(
            segments,
            segment => Assert.Equal((Base + segment.Offset, segment.FileSize), (segment.VirtualAddress, segment.MemorySize)));
    }

    [Theory]
    [InlineData(VsyscallVariant.Sysenter, 0x10c)]
    [InlineData(VsyscallVariant.Int80, 0xf4)]
    public void Its_sections_have_2_6_12s_addresses_and_sizes(VsyscallVariant variant, uint frames)
    {
        Assert.Equal(
            [
                ("", SectionType.Null, 0, 0, 0),
                (".hash", SectionType.Hash, 0xffffe0b4, 0x28, 4),
                (".dynsym", SectionType.DynamicSymbols, 0xffffe0dc, 0x50, 4),
                (".dynstr", SectionType.StringTable, 0xffffe12c, 0x56, 1),
                (".gnu.version", SectionType.GnuVersions, 0xffffe182, 0xa, 2),
                (".gnu.version_d", SectionType.GnuVersionDefinitions, 0xffffe18c, 0x38, 4),
                (".text", SectionType.ProgramBits, 0xffffe400, 0x47, 32),
                (".note", SectionType.Note, 0xffffe448, 0x18, 4),
                (".eh_frame_hdr", SectionType.ProgramBits, 0xffffe460, 0x24, 4),
                (".eh_frame", SectionType.ProgramBits, 0xffffe484, frames, 4),
                (".dynamic", SectionType.Dynamic, 0xffffe484 + frames, 0x78, 4),
                (".shstrtab", SectionType.StringTable, 0u, 0x6au, 1u),
            ],
            Sections(Page(variant)).Select(section =>
                (section.Name, section.Header.Type, section.Header.Address, section.Header.SectionSize, section.Header.Alignment)));
    }

    [Theory]
    [InlineData(VsyscallVariant.Sysenter)]
    [InlineData(VsyscallVariant.Int80)]
    public void No_section_is_writable_and_only_the_code_is_executable(VsyscallVariant variant)
    {
        Assert.All(Sections(Page(variant))[1..^1], section => Assert.Equal(
            section.Name == ".text" ? SectionFlags.Allocate | SectionFlags.Execute : SectionFlags.Allocate,
            section.Header.Flags));
    }

    [Theory]
    [InlineData(VsyscallVariant.Sysenter, 20)]
    [InlineData(VsyscallVariant.Int80, 3)]
    public void It_exports_the_entry_points_and_the_version(VsyscallVariant variant, uint entrySize)
    {
        byte[] page = Page(variant);
        (byte[] strings, byte[] symbols) = (Section(page, ".dynstr"), Section(page, ".dynsym"));
        const byte function = ElfSymbol.BindingGlobal << 4 | ElfSymbol.TypeFunction;
        const byte version = ElfSymbol.BindingGlobal << 4 | ElfSymbol.TypeObject;
        const ushort text = 6;
        Assert.Equal(
            [
                ("", 0, 0, 0, ElfSymbol.SectionUndefined),
                ("__kernel_vsyscall", 0xffffe400, entrySize, function, text),
                ("LINUX_2.5", 0, 0, version, ElfSymbol.SectionAbsolute),
                ("__kernel_rt_sigreturn", 0xffffe440, 7, function, text),
                ("__kernel_sigreturn", 0xffffe420u, 8u, function, text),
            ],
            Table<ElfSymbol>(symbols, 0, symbols.Length).Select(symbol =>
                (Text(strings, symbol.Name), symbol.Value, symbol.ObjectSize, symbol.Info, symbol.SectionIndex)));
    }

    [Fact]
    public void Its_hash_table_has_three_buckets_and_chains_the_latest_symbol_first()
    {
        byte[] table = Section(Page(VsyscallVariant.Sysenter), ".hash");
        uint[] buckets = [4, 0, 3];
        uint[] chains = [0, 0, 1, 2, 0];
        Assert.Equal([3, 5, .. buckets, .. chains], Table<uint>(table, 0, table.Length));
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("linux-gate.so.1", 0x0fcef091)]
    [InlineData("LINUX_2.5", 0x03ae75f5)]
    [InlineData("printf", 0x077905a6)]
    public void A_name_has_the_gABIs_hash(string name, uint hash) => Assert.Equal(hash, ElfHashTable.Hash(name));

    [Fact]
    public void It_defines_itself_and_the_version_of_all_its_symbols()
    {
        byte[] page = Page(VsyscallVariant.Sysenter);
        (byte[] strings, byte[] definitions) = (Section(page, ".dynstr"), Section(page, ".gnu.version_d"));
        VersionDefinition own = Read<VersionDefinition>(definitions, 0);
        VersionDefinition symbols = Read<VersionDefinition>(definitions, (int)own.NextOffset);
        Assert.Equal(
            (VersionFlags.Base, 1, 1, 0x0fcef091u, 0x14u, 0x1cu),
            (own.Flags, own.Index, own.NameCount, own.Hash, own.NameOffset, own.NextOffset));
        Assert.Equal(
            (VersionFlags.None, 2, 1, 0x03ae75f5u, 0x14u, 0u),
            (symbols.Flags, symbols.Index, symbols.NameCount, symbols.Hash, symbols.NameOffset, symbols.NextOffset));
        Assert.Equal("linux-gate.so.1", Text(strings, Read<VersionName>(definitions, 0x14).Name));
        Assert.Equal("LINUX_2.5", Text(strings, Read<VersionName>(definitions, 0x1c + 0x14).Name));
        Assert.Equal(new ushort[] { 0, 2, 2, 2, 2 }, Table<ushort>(Section(page, ".gnu.version"), 0, 10));
    }

    [Fact]
    public void Its_note_says_2_6_12() => Assert.Equal(
        "060000000400000000000000" + "4c696e7578000000" + "0c060200",
        Convert.ToHexStringLower(Section(Page(VsyscallVariant.Sysenter), ".note")));

    [Theory]
    [InlineData(VsyscallVariant.Sysenter)]
    [InlineData(VsyscallVariant.Int80)]
    public void Its_dynamic_section_has_2_6_12s_entries_with_absolute_addresses(VsyscallVariant variant)
    {
        byte[] page = Page(variant);
        DynamicEntry[] entries = Table<DynamicEntry>(Section(page, ".dynamic"), 0, 0x78);
        Assert.Equal("linux-gate.so.1", Text(Section(page, ".dynstr"), entries[0].Value));
        Assert.Equal(
            [
                (DynamicTag.SharedObjectName, entries[0].Value),
                (DynamicTag.Hash, 0xffffe0b4),
                (DynamicTag.StringTable, 0xffffe12c),
                (DynamicTag.SymbolTable, 0xffffe0dc),
                (DynamicTag.StringTableSize, 0x56),
                (DynamicTag.SymbolSize, 0x10),
                (DynamicTag.GnuVersionDefinitions, 0xffffe18c),
                (DynamicTag.GnuVersionDefinitionCount, 2),
                (DynamicTag.GnuVersions, 0xffffe182),
                .. Enumerable.Repeat((DynamicTag.Null, 0u), 6),
            ],
            entries.Select(entry => (entry.Tag, entry.Value)));
    }

    [Theory]
    [InlineData(VsyscallVariant.Sysenter, new uint[] { 0x49c, 0x4dc, 0x548 })]
    [InlineData(VsyscallVariant.Int80, new uint[] { 0x49c, 0x4c4, 0x530 })]
    public void Its_index_of_frames_is_sorted_and_begins_a_byte_before_each_signal_return(VsyscallVariant variant, uint[] entries)
    {
        byte[] index = Section(Page(variant), ".eh_frame_hdr");
        Assert.Equal("011b033b", Convert.ToHexStringLower(index[..4]));
        uint[] words = [.. Table<uint>(index, 4, index.Length - 4)];
        const uint start = 0x460;
        Assert.Equal((0xffffe484 - 0xffffe464, 3u), (words[0], words[1]));
        Assert.Equal([0x400, 0x41f, 0x43f], new[] { words[2], words[4], words[6] }.Select(word => word + start));
        Assert.Equal(entries, new[] { words[3], words[5], words[7] }.Select(word => word + start));
    }

    [Theory]
    [InlineData(VsyscallVariant.Sysenter)]
    [InlineData(VsyscallVariant.Int80)]
    public void What_no_header_and_no_section_covers_is_zero(VsyscallVariant variant)
    {
        byte[] page = Page(variant);
        Assert.Equal(4096, page.Length);
        ElfHeader header = Read<ElfHeader>(page, 0);
        (string, SectionHeader Header)[] sections = Sections(page);
        page.AsSpan(0, 0x34 + 4 * 0x20).Clear();
        page.AsSpan((int)header.SectionHeaderOffset, header.SectionHeaderCount * header.SectionHeaderSize).Clear();
        foreach ((string _, SectionHeader section) in sections)
        {
            page.AsSpan((int)section.Offset, (int)section.SectionSize).Clear();
        }

        Assert.Equal(-1, page.AsSpan().IndexOfAnyExcept((byte)0));
    }

    [Theory]
    [InlineData(VsyscallVariant.Sysenter)]
    [InlineData(VsyscallVariant.Int80)]
    public void Every_build_is_the_same_to_the_byte(VsyscallVariant variant) => Assert.Equal(Page(variant), Page(variant));

    private static byte[] Page(VsyscallVariant variant) => VsyscallPage.Build(variant).Bytes.ToArray();

    private static (string Name, SectionHeader Header)[] Sections(byte[] page)
    {
        ElfHeader header = Read<ElfHeader>(page, 0);
        SectionHeader[] headers = Table<SectionHeader>(page, header.SectionHeaderOffset, header.SectionHeaderCount * SectionHeader.Size);
        SectionHeader names = headers[header.SectionNameIndex];
        return [.. headers.Select(section => (Text(page.AsSpan((int)names.Offset, (int)names.SectionSize), section.Name), section))];
    }

    private static byte[] Section(byte[] page, string name)
    {
        SectionHeader header = Sections(page).Single(section => section.Name == name).Header;
        return page[(int)header.Offset..(int)(header.Offset + header.SectionSize)];
    }

    private static string Text(ReadOnlySpan<byte> strings, uint offset)
    {
        ReadOnlySpan<byte> rest = strings[(int)offset..];
        return Encoding.ASCII.GetString(rest[..rest.IndexOf((byte)0)]);
    }

    private static T Read<T>(byte[] bytes, int offset)
        where T : struct => MemoryMarshal.Read<T>(bytes.AsSpan(offset));

    private static T[] Table<T>(byte[] bytes, long offset, int length)
        where T : struct
    {
        Assert.Equal(0, length % Unsafe.SizeOf<T>());
        return MemoryMarshal.Cast<byte, T>(bytes.AsSpan((int)offset, length)).ToArray();
    }
}
