// SPDX-License-Identifier: MIT

using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Native;
using Kvmsys.Native.Linux;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kvmsys.Monitor.Commands;

/// <summary>
/// Where results and progress go: results to standard output, everything else to standard error; colour and progress only on a terminal.
/// </summary>
internal static class Terminal
{
    // Where nobody looks at columns, a table may be as wide as it likes. A terminal that does not tell has what terminals have.
    private const int WidthOfFiles = 120;
    private const int WidthOfTerminals = 80;

    private static bool TakesControlSequences => Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");

    /// <summary>Measures, with a progress bar on standard error where somebody sees it.</summary>
    /// <param name="all">When it is done.</param>
    /// <param name="measure">Measures, and says from time to time how much of that is done.</param>
    public static void Measuring(long all, Action<Action<long>?> measure)
    {
        if (JobChild.Current is JobChild job)
        {
            measure(done => job.TellProgress(done, all));
            return;
        }

        if (Progress() is not IAnsiConsole console)
        {
            measure(null);
            return;
        }

        console.Progress().AutoClear(true).Start(progress =>
        {
            ProgressTask task = progress.AddTask("measuring", maxValue: all);
            measure(done => task.Value = done);
        });
    }

    /// <summary>Waits for something, with a progress bar on standard error where somebody sees it.</summary>
    /// <param name="what">What it is.</param>
    /// <param name="wait">Waits, and says from time to time how much of it is done, from 0 to 1.</param>
    public static Task WaitingAsync(string what, Func<Action<double>?, Task> wait) => Progress() is not IAnsiConsole console
        ? wait(null)
        : console.Progress().AutoClear(true).StartAsync(progress =>
        {
            ProgressTask task = progress.AddTask(what, maxValue: 1);
            return wait(done => task.Value = done);
        });

    /// <summary>Waits until nothing else is measured on this host, and says for whom it waits.</summary>
    /// <exception cref="CommandFailedException">It was interrupted meanwhile, or there can be no such lock here.</exception>
    public static MeasurementLock TakeLock(Interruption interruption)
    {
        try
        {
            return MeasurementLock.Take(
                holder => StandardStream.WriteMessage($"kvmsys: something else is measured on this host{(holder is int process ? $", by process {process}" : "")}: waiting for its end\n"),
                interruption.Token);
        }
        catch (OperationCanceledException)
        {
            throw new CommandFailedException(interruption.ExitCode, "interrupted before anything was measured.");
        }
        catch (KvmException exception)
        {
            throw new CommandFailedException(ExitCode.NoResources, $"{exception.Message}. Cure: the host's root directory has to be one that processes can lock with flock(2), as on every local file system.");
        }
    }

    private static IAnsiConsole? Progress() =>
        FileDescriptor.IsTerminal(FileDescriptor.StandardError) && TakesControlSequences
            ? MakeConsole(new TerminalOutput.StandardError(), FileDescriptor.StandardError)
            : null;

    /// <summary>Writes a result for people.</summary>
    /// <exception cref="CommandFailedException">Standard output is closed, or its disk is full.</exception>
    public static void Write(IRenderable result)
    {
        using StringWriter text = new();
        IAnsiConsole console = MakeConsole(text, FileDescriptor.StandardOutput);
        console.Write(result);
        console.WriteLine();
        StandardStream.WriteResults(text.ToString());
    }

    /// <summary>Writes a result as JSON.</summary>
    /// <exception cref="CommandFailedException">Standard output is closed, or its disk is full.</exception>
    public static void WriteJson<T>(T document, JsonTypeInfo<T> type) =>
        StandardStream.WriteResults(JsonSerializer.Serialize(document, type) + "\n");

    private static IAnsiConsole MakeConsole(TextWriter writer, int descriptor)
    {
        bool isTerminal = FileDescriptor.IsTerminal(descriptor);
        int columns = FileDescriptor.TerminalColumns(descriptor);
        int width = !isTerminal ? WidthOfFiles : columns > 0 ? columns : WidthOfTerminals;
        bool colour = isTerminal && Environment.GetEnvironmentVariable("NO_COLOR") is null or "";
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new TerminalOutput(writer, descriptor, width),
            Ansi = isTerminal && TakesControlSequences ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = colour ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Yes : InteractionSupport.No,
        });
        console.Profile.Capabilities.Unicode = true;
        return console;
    }
}
