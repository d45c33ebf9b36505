// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Reports;
using Kvmsys.Monitor.Reports.Html;

namespace Kvmsys.Monitor.Commands;

/// <summary>The files that --html and --svg name, ready to be written.</summary>
/// <param name="html">The page's; null for none.</param>
/// <param name="svg">The chart's; null for none.</param>
internal sealed class PageFiles(OutputFile? html, OutputFile? svg) : IDisposable
{
    /// <summary>Whether one of them is standard output, where then nothing else is to be.</summary>
    public bool TakeStandardOutput => html?.IsStandardOutput == true || svg?.IsStandardOutput == true;

    /// <summary>Writes a bench into them.</summary>
    /// <exception cref="CommandFailedException">One cannot be written.</exception>
    public void Write(BenchDocument bench)
    {
        try
        {
            html?.Write(BenchPage.Render(bench));
        }
        finally
        {
            svg?.Write(BenchChart.Of(bench).ToFile());
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        html?.Dispose();
        svg?.Dispose();
    }
}
