// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Kvmsys.Monitor.Reports;

/// <summary>The article's Hello,World in JSON.</summary>
public sealed record HelloWorldDocument
{
    /// <summary>The second page's fixed virtual address, in hexadecimal.</summary>
    public required string VirtualAddress { get; init; }

    /// <summary>The frame that it got, in hexadecimal.</summary>
    public required string PhysicalAddress { get; init; }

    /// <summary>What the program printed, without the line's end.</summary>
    public required string Text { get; init; }

    /// <summary>Bytes of the program's code.</summary>
    public required int ProgramBytes { get; init; }

    /// <summary>Whether the program itself holds the text.</summary>
    public required bool ProgramHoldsText { get; init; }

    /// <summary>The document of a report.</summary>
    public static HelloWorldDocument Of(HelloWorldReport report) => new()
    {
        VirtualAddress = string.Create(CultureInfo.InvariantCulture, $"0x{report.Page.VirtualAddress:x8}"),
        PhysicalAddress = string.Create(CultureInfo.InvariantCulture, $"0x{report.Page.PhysicalAddress:x8}"),
        Text = report.Text,
        ProgramBytes = report.ProgramBytes,
        ProgramHoldsText = report.ProgramHoldsText,
    };
}
