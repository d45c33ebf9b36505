// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Commands;

/// <summary>A bench that kvmsys gather is to read.</summary>
/// <param name="Host">What its host is called.</param>
/// <param name="Path">Where its file is.</param>
internal sealed record GatherInput(string Host, string Path)
{
    private const string Extension = ".json";

    /// <summary>What a word of the command line names: HOST=FILE, or a file that is called as its host is. A path that has a = in it stays one when
    /// a / is before that.</summary>
    public static GatherInput Parse(string word)
    {
        int sign = word.IndexOf('=', StringComparison.Ordinal);
        if (sign > 0 && !word.AsSpan(0, sign).Contains('/'))
        {
            return new(word[..sign], word[(sign + 1)..]);
        }

        string file = System.IO.Path.GetFileName(word);
        return new(file.Length > Extension.Length && file.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) ? file[..^Extension.Length] : file, word);
    }
}
