// SPDX-License-Identifier: MIT

using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kvmsys.Monitor.Commands;

/// <summary>
/// Where results and progress go: results to standard output, everything else to standard error; colour and progress only on a terminal.
/// </summary>
internal static class Terminal
{
    // Where nobody looks at columns, a table may be as wide as it likes.
    private const int WidthOfFiles = 120;

    /// <summary>A console on standard error for progress; null when nobody would see it.</summary>
    public static IAnsiConsole? Progress() => Console.IsErrorRedirected || Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb"
        ? null
        : MakeConsole(Console.Error, isTerminal: true);

    /// <summary>Writes a result for people.</summary>
    /// <exception cref="CommandFailedException">Standard output is closed, or its disk is full.</exception>
    public static void Write(IRenderable result)
    {
        using StringWriter text = new();
        IAnsiConsole console = MakeConsole(text, isTerminal: !Console.IsOutputRedirected);
        console.Write(result);
        console.WriteLine();
        StandardStream.WriteResults(text.ToString());
    }

    /// <summary>Writes a result as JSON.</summary>
    /// <exception cref="CommandFailedException">Standard output is closed, or its disk is full.</exception>
    public static void WriteJson<T>(T document, JsonTypeInfo<T> type) =>
        StandardStream.WriteResults(JsonSerializer.Serialize(document, type) + "\n");

    private static IAnsiConsole MakeConsole(TextWriter writer, bool isTerminal)
    {
        bool colour = isTerminal && Environment.GetEnvironmentVariable("NO_COLOR") is null or "";
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = colour ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Yes : InteractionSupport.No,
        });
        console.Profile.Capabilities.Unicode = true;
        if (!isTerminal)
        {
            console.Profile.Width = WidthOfFiles;
        }

        return console;
    }
}
