// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Reports;
using Kvmsys.Monitor.Reports.Fleet;

namespace Kvmsys.Monitor.Commands;

/// <summary>What a comparison of many hosts is to be written as, the files ready to be written.</summary>
/// <param name="json">Whether standard output gets its JSON.</param>
/// <param name="files">The files, and what makes their bytes.</param>
internal sealed class FleetFiles(bool json, IReadOnlyList<(OutputFile File, Func<FleetComparison, byte[]> Render)> files) : IDisposable
{
    /// <summary>Writes a comparison into them, and to standard output what it is for people, unless something else goes there.</summary>
    /// <exception cref="CommandFailedException">One cannot be written.</exception>
    public void Write(FleetComparison comparison)
    {
        // All of it is there before any of it is written.
        (OutputFile File, byte[] Bytes)[] made = [.. files.Select(file => (file.File, file.Render(comparison)))];
        foreach ((OutputFile file, byte[] bytes) in made)
        {
            file.Write(bytes);
        }

        if (json)
        {
            Terminal.WriteJson(FleetDocument.Of(comparison), KvmsysJson.Default.FleetDocument);
        }
        else if (!files.Any(file => file.File.IsStandardOutput))
        {
            Terminal.Write(FleetTable.Render(comparison));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((OutputFile file, _) in files)
        {
            file.Dispose();
        }
    }
}
