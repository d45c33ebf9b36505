// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Guest.Elf;

namespace Kvmsys.Monitor.Reports;

/// <summary>A symbol of the vsyscall page in JSON.</summary>
public sealed record PageSymbolDocument
{
    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Address in hexadecimal; null when its value is no address.</summary>
    public string? Address { get; init; }

    /// <summary>Bytes.</summary>
    public required uint Size { get; init; }

    /// <summary>FUNC or OBJECT.</summary>
    public required string Type { get; init; }

    /// <summary>Version that it belongs to; null when it has none.</summary>
    public string? Version { get; init; }

    /// <summary>The document of a symbol.</summary>
    public static PageSymbolDocument Of(ElfObjectSymbol symbol) => new()
    {
        Name = symbol.Name,
        Address = symbol.IsAbsolute ? null : string.Create(CultureInfo.InvariantCulture, $"0x{symbol.Address:x8}"),
        Size = symbol.Size,
        Type = PageReport.TypeOf(symbol),
        Version = symbol.Version,
    };
}
