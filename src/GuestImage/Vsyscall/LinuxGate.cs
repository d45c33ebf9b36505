// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Kvmsys.Guest.Elf;

namespace Kvmsys.Guest.Vsyscall;

/// <summary>
/// linux-gate.so.1, the shared object that the page is: what debuggers and C libraries read of it, in the layout of Linux 2.6.12.
/// </summary>
internal static class LinuxGate
{
    private const string Name = "linux-gate.so.1";
    private const string SymbolVersion = "LINUX_2.5";

    private const uint TextAlignment = 32;
    private const uint WordAlignment = 4;
    private const uint VersionAlignment = 2;
    private const uint PageAlignment = 0x1000;

    // For four names.
    private const int HashBuckets = 3;

    // vd_ndx of SymbolVersion. A null symbol has none.
    private const ushort SymbolVersionIndex = 2;

    // LINUX_VERSION_CODE of 2.6.12, in a note of type 0, which is what C libraries look for.
    private const string NoteOwner = "Linux";
    private const uint NoteVersion = 0;
    private const uint LinuxVersionCode = 0x0002060c;

    // GNU ld, which linked 2.6.12's, keeps room for five more entries.
    private const int SpareDynamicEntries = 5;

    /// <summary>The file.</summary>
    /// <param name="variant">How the page enters the kernel.</param>
    /// <param name="baseAddress">Virtual address of the page.</param>
    /// <param name="entry">__kernel_vsyscall.</param>
    /// <param name="sigreturn">__kernel_sigreturn.</param>
    /// <param name="rtSigreturn">__kernel_rt_sigreturn.</param>
    public static byte[] Build(
        VsyscallVariant variant,
        uint baseAddress,
        VsyscallRoutine entry,
        VsyscallRoutine sigreturn,
        VsyscallRoutine rtSigreturn)
    {
        // The order of the symbol table, in which the version is an absolute symbol.
        VsyscallRoutine?[] exports = [entry, null, rtSigreturn, sigreturn];
        string[] symbolNames = [.. exports.Select(export => export?.Name ?? SymbolVersion)];

        // The order in which GNU ld meets them.
        ElfStrings strings = new(entry.Name, sigreturn.Name, rtSigreturn.Name, Name, SymbolVersion);
        CallFrameTable frames = VsyscallFrames.Of(variant, entry, sigreturn, rtSigreturn);
        ElfSection[] sections =
        [
            new(".hash", SectionType.Hash, WordAlignment, _ => ElfHashTable.Encode(["", .. symbolNames], HashBuckets))
            {
                Link = ".dynsym",
                EntrySize = sizeof(uint),
            },
            new(".dynsym", SectionType.DynamicSymbols, WordAlignment, layout => Symbols(exports, strings, layout))
            {
                Link = ".dynstr",

                // The first symbol that is not local.
                Info = 1,
                EntrySize = ElfSymbol.Size,
            },
            new(".dynstr", SectionType.StringTable, Alignment: 1, _ => strings.ToArray()),
            new(".gnu.version", SectionType.GnuVersions, VersionAlignment, _ => SymbolVersions(exports.Length))
            {
                Link = ".dynsym",
                EntrySize = sizeof(ushort),
            },
            new(".gnu.version_d", SectionType.GnuVersionDefinitions, WordAlignment, _ => ElfVersions.Define(strings, [Name, SymbolVersion]))
            {
                Link = ".dynstr",

                // Definitions.
                Info = 2,
            },
            new(".text", SectionType.ProgramBits, TextAlignment, _ => Text(entry, sigreturn, rtSigreturn))
            {
                Flags = SectionFlags.Allocate | SectionFlags.Execute,
                Address = entry.Address,
            },
            new(".note", SectionType.Note, WordAlignment, _ => Note()),
            new(
                ".eh_frame_hdr",
                SectionType.ProgramBits,
                WordAlignment,
                layout => frames.Index(layout.AddressOf(".eh_frame_hdr"), layout.AddressOf(".eh_frame"))),
            new(".eh_frame", SectionType.ProgramBits, WordAlignment, layout => frames.Frames(layout.AddressOf(".eh_frame"))),
            new(".dynamic", SectionType.Dynamic, WordAlignment, layout => Dynamic(strings, layout))
            {
                Link = ".dynstr",
                EntrySize = DynamicEntry.Size,
            },
        ];
        return new SharedObject
        {
            Base = baseAddress,
            Entry = entry.Address,
            Sections = sections,
            Segments =
            [
                new(SegmentType.Load, SegmentFlags.Read | SegmentFlags.Execute, PageAlignment),
                new(SegmentType.Dynamic, SegmentFlags.Read, WordAlignment, ".dynamic"),
                new(SegmentType.Note, SegmentFlags.Read, WordAlignment, ".note"),
                new(SegmentType.GnuEhFrame, SegmentFlags.Read, WordAlignment, ".eh_frame_hdr"),
            ],
        }.ToArray();
    }

    private static byte[] Symbols(IEnumerable<VsyscallRoutine?> exports, ElfStrings strings, ElfLayout layout)
    {
        IEnumerable<ElfSymbol> symbols = exports.Select(export => export is null
            ? new ElfSymbol
            {
                Name = strings.OffsetOf(SymbolVersion),
                Info = Info(ElfSymbol.TypeObject),
                SectionIndex = ElfSymbol.SectionAbsolute,
            }
            : new ElfSymbol
            {
                Name = strings.OffsetOf(export.Name),
                Value = export.Address,
                ObjectSize = (uint)export.Code.Length,
                Info = Info(ElfSymbol.TypeFunction),
                SectionIndex = layout.IndexOf(".text"),
            });
        return [.. MemoryMarshal.AsBytes<ElfSymbol>([default, .. symbols])];

        static byte Info(byte type) => (byte)(ElfSymbol.BindingGlobal << 4 | type);
    }

    private static byte[] SymbolVersions(int exports) =>
        [.. MemoryMarshal.AsBytes<ushort>([0, .. Enumerable.Repeat(SymbolVersionIndex, exports)])];

    /// <summary>The routines where they belong, with zeros between them.</summary>
    private static byte[] Text(params ReadOnlySpan<VsyscallRoutine> routines)
    {
        uint start = routines[0].Address;
        byte[] text = new byte[routines[^1].Address - start + routines[^1].Code.Length];
        foreach (VsyscallRoutine routine in routines)
        {
            routine.Code.CopyTo(text, routine.Address - start);
        }

        return text;
    }

    private static byte[] Note()
    {
        byte[] version = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(version, LinuxVersionCode);
        return ElfNote.Encode(NoteOwner, NoteVersion, version);
    }

    private static byte[] Dynamic(ElfStrings strings, ElfLayout layout)
    {
        DynamicEntry[] entries =
        [
            new(DynamicTag.SharedObjectName, strings.OffsetOf(Name)),
            new(DynamicTag.Hash, layout.AddressOf(".hash")),
            new(DynamicTag.StringTable, layout.AddressOf(".dynstr")),
            new(DynamicTag.SymbolTable, layout.AddressOf(".dynsym")),
            new(DynamicTag.StringTableSize, layout.HeaderOf(".dynstr").SectionSize),
            new(DynamicTag.SymbolSize, ElfSymbol.Size),
            new(DynamicTag.GnuVersionDefinitions, layout.AddressOf(".gnu.version_d")),
            new(DynamicTag.GnuVersionDefinitionCount, layout.HeaderOf(".gnu.version_d").Info),
            new(DynamicTag.GnuVersions, layout.AddressOf(".gnu.version")),
            new(DynamicTag.Null, 0),
            .. new DynamicEntry[SpareDynamicEntries],
        ];
        return [.. MemoryMarshal.AsBytes<DynamicEntry>(entries)];
    }
}
