// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>A field of comma-separated values, as RFC 4180 has them.</summary>
internal static class CsvField
{
    // What spreadsheets take for the beginning of a formula, in either of its widths.
    private const string FormulaStarts = "=+-@\uff1d\uff0b\uff0d\uff20";

    /// <summary>A text that somebody else wrote: in one line, and never a formula. One that a spreadsheet would compute has an apostrophe before it, by
    /// which spreadsheets tell a text.</summary>
    public static string Of(string? text)
    {
        string line = string.Concat((text ?? "").Select(c => char.IsControl(c) ? ' ' : c));
        string harmless = line.TrimStart() is [char first, ..] && FormulaStarts.Contains(first, StringComparison.Ordinal) ? $"'{line}" : line;
        return harmless.AsSpan().ContainsAny(',', '"') || harmless != harmless.Trim()
            ? $"\"{harmless.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            : harmless;
    }

    /// <summary>A number; nothing for none.</summary>
    public static string Of(double? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "";

    /// <summary>A whole number; nothing for none.</summary>
    public static string Of(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "";

    /// <summary>Whether something is so.</summary>
    public static string Of(bool flag) => flag ? "true" : "false";
}
