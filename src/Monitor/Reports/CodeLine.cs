// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Reports;

/// <summary>A line of disassembled code.</summary>
/// <param name="Address">Virtual address of the first byte.</param>
/// <param name="Bytes">The bytes in hexadecimal, with spaces between; empty where zeros are left out.</param>
/// <param name="Text">The instruction; empty in a line that only goes on with the bytes of the one before.</param>
public readonly record struct CodeLine(uint Address, string Bytes, string Text)
{
    /// <summary>Whether it stands for zeros that are left out.</summary>
    public bool IsGap => Bytes.Length == 0;
}
