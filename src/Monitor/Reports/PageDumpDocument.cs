// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Guest.Elf;

namespace Kvmsys.Monitor.Reports;

/// <summary>The vsyscall page in JSON, as a program in the guest has read it.</summary>
public sealed record PageDumpDocument
{
    /// <summary>Bytes that the program wrote.</summary>
    public required int Bytes { get; init; }

    /// <summary>What they are, in the words of file(1).</summary>
    public required string File { get; init; }

    /// <summary>The shared object's own name; null when it has none.</summary>
    public string? SharedObjectName { get; init; }

    /// <summary>e_entry, in hexadecimal.</summary>
    public required string Entry { get; init; }

    /// <summary>Program headers.</summary>
    public required int ProgramHeaders { get; init; }

    /// <summary>Names of the sections, without the null section.</summary>
    public required IReadOnlyList<string> Sections { get; init; }

    /// <summary>The symbols, by address; those that are no addresses come last.</summary>
    public required IReadOnlyList<PageSymbolDocument> Symbols { get; init; }

    /// <summary>The document of a page.</summary>
    public static PageDumpDocument Of(PageReport report) => new()
    {
        Bytes = report.Bytes.Length,
        File = report.Elf.Kind,
        SharedObjectName = report.Elf.SharedObjectName,
        Entry = string.Create(CultureInfo.InvariantCulture, $"0x{report.Elf.Header.Entry:x8}"),
        ProgramHeaders = report.Elf.ProgramHeaders.Length,
        Sections = [.. report.Elf.Sections.Where(section => section.Header.Type != SectionType.Null).Select(section => section.Name)],
        Symbols = [.. report.Symbols.Select(PageSymbolDocument.Of)],
    };
}
