// SPDX-License-Identifier: MIT

using System.Text;

namespace Kvmsys.Monitor.Reports.Html;

/// <summary>A file of this folder, which is in the program.</summary>
internal static class EmbeddedFile
{
    /// <summary>Its text.</summary>
    /// <param name="name">Its path from this folder.</param>
    public static string Read(string name)
    {
        using Stream stream = typeof(EmbeddedFile).Assembly.GetManifestResourceStream(name)
            ?? throw new FileNotFoundException($"{name} is not in this program.");
        using StreamReader reader = new(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
