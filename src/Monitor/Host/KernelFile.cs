// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Host;

/// <summary>The small text files by which Linux shows what it is and how it is set, in /sys and /proc.</summary>
internal static class KernelFile
{
    /// <summary>What stands for the text of a file that is there and cannot be read: some are for root alone, some cannot be read back at all.</summary>
    public const string Unreadable = "unreadable";

    /// <summary>A file's text without the white space around it; null when there is no such file, <see cref="Unreadable"/> when it cannot be read.</summary>
    /// <param name="path">The parts of its path.</param>
    public static string? Read(params ReadOnlySpan<string> path)
    {
        string file = Path.Combine(path);
        try
        {
            return Path.Exists(file) ? File.ReadAllText(file).Trim() : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Unreadable;
        }
    }

    /// <summary>The texts of all files in a folder, by name; none when there is no such folder.</summary>
    /// <param name="path">The parts of its path.</param>
    public static IReadOnlyDictionary<string, string> ReadFolder(params ReadOnlySpan<string> path)
    {
        string folder = Path.Combine(path);
        SortedDictionary<string, string> texts = new(StringComparer.Ordinal);

        // Options of its own make the listing pass over a folder that may not be listed.
        foreach (string file in Directory.Exists(folder) ? Directory.GetFileSystemEntries(folder, "*", new EnumerationOptions()) : [])
        {
            texts[Path.GetFileName(file)] = Read(file) ?? Unreadable;
        }

        return texts;
    }
}
