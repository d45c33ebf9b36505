// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor;

/// <summary>What somebody else wrote, fit to be shown.</summary>
internal static class Shown
{
    private const int Longest = 200;

    /// <summary>A text for a line of a terminal: without control characters, and not without end.</summary>
    public static string OneLine(string text)
    {
        string shown = text.Length == 0 ? "''" : string.Concat(text.Take(Longest).Select(c => char.IsControl(c) ? $"\\x{(int)c:x2}" : $"{c}"));
        return text.Length > Longest ? $"{shown}..." : shown;
    }

    /// <summary>An exception's reason, without the name of our parameter, which means nothing to a person.</summary>
    public static string Reason(Exception exception) => exception is ArgumentException { ParamName: string name }
        ? exception.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal)
        : exception.Message;
}
