// SPDX-License-Identifier: MIT

using System.IO.Enumeration;

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>What a host has to be: one of its labels, and how that has to look.</summary>
/// <param name="Label">The label.</param>
/// <param name="Pattern">Its value; * stands for anything, ? for one character, and case means nothing.</param>
internal sealed record LabelSelector(string Label, string Pattern)
{
    private const int Longest = 200;

    /// <summary>Reads LABEL=PATTERN; null where it makes no sense.</summary>
    public static LabelSelector? Parse(string text) =>
        text.Length <= Longest && text.Split('=', 2) is [{ Length: > 0 } label, string pattern] && label.All(char.IsAsciiLetterOrDigit) ? new(label, pattern) : null;

    /// <summary>Whether a host is so. One without the label is not.</summary>
    public bool Fits(IReadOnlyDictionary<string, string> labels) =>
        labels.TryGetValue(Label, out string? value) && FileSystemName.MatchesSimpleExpression(Pattern.Replace("\\", "\\\\", StringComparison.Ordinal), value);
}
