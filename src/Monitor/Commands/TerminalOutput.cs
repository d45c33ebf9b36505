// SPDX-License-Identifier: MIT

using System.Text;
using Kvmsys.Native.Linux;
using Spectre.Console;

namespace Kvmsys.Monitor.Commands;

/// <summary>
/// Where a console writes: into a text, or to standard error as it goes. The runtime's own console would switch the terminal's keys to
/// another mode, and leave them there.
/// </summary>
/// <param name="writer">Takes what is written.</param>
/// <param name="descriptor">The file descriptor that it is for.</param>
/// <param name="width">Columns.</param>
internal sealed class TerminalOutput(TextWriter writer, int descriptor, int width) : IAnsiConsoleOutput
{
    private const int AssumedHeight = 24;

    /// <inheritdoc/>
    public TextWriter Writer => writer;

    /// <inheritdoc/>
    public bool IsTerminal { get; } = FileDescriptor.IsTerminal(descriptor);

    /// <inheritdoc/>
    public int Width => width;

    /// <inheritdoc/>
    public int Height => AssumedHeight;

    /// <inheritdoc/>
    public void SetEncoding(Encoding encoding)
    {
        // UTF-8, whatever a caller likes.
    }

    /// <summary>Standard error as a writer; what cannot be written there is lost.</summary>
    public sealed class StandardError : TextWriter
    {
        /// <inheritdoc/>
        public override Encoding Encoding => Encoding.UTF8;

        /// <inheritdoc/>
        public override void Write(char value) => StandardStream.WriteMessage(value.ToString());

        /// <inheritdoc/>
        public override void Write(string? value) => StandardStream.WriteMessage(value ?? "");

        /// <inheritdoc/>
        public override void Write(char[] buffer, int index, int count) => StandardStream.WriteMessage(new string(buffer, index, count));
    }
}
