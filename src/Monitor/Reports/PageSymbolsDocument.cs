// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Kvmsys.Monitor.Reports;

/// <summary>The vsyscall page's symbols in JSON.</summary>
public sealed record PageSymbolsDocument
{
    /// <summary>Name and version of this schema; a field is never taken away within a version.</summary>
    public string Schema { get; init; } = "kvmsys.page-symbols/1";

    /// <summary>Version of kvmsys.</summary>
    public required string Version { get; init; }

    /// <summary>How the vsyscall page enters the kernel.</summary>
    public required string VsyscallPage { get; init; }

    /// <summary>The page's fixed virtual address, in hexadecimal.</summary>
    public required string VirtualAddress { get; init; }

    /// <summary>The frame that the page got, in hexadecimal.</summary>
    public required string PhysicalAddress { get; init; }

    /// <summary>The shared object's own name; null when it has none.</summary>
    public string? SharedObjectName { get; init; }

    /// <summary>The symbols, by address; those that are no addresses come last.</summary>
    public required IReadOnlyList<PageSymbolDocument> Symbols { get; init; }

    /// <summary>The document of a page.</summary>
    /// <param name="report">The page.</param>
    /// <param name="version">Version of kvmsys.</param>
    public static PageSymbolsDocument Of(PageReport report, string version) => new()
    {
        Version = version,
        VsyscallPage = Spelling.Of(report.Guest.Vsyscall),
        VirtualAddress = string.Create(CultureInfo.InvariantCulture, $"0x{report.VirtualAddress:x8}"),
        PhysicalAddress = string.Create(CultureInfo.InvariantCulture, $"0x{report.PhysicalAddress:x8}"),
        SharedObjectName = report.Elf.SharedObjectName,
        Symbols = [.. report.Symbols.Select(PageSymbolDocument.Of)],
    };
}
