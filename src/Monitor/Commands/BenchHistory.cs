// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Text.Json;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Monitor.Commands;

/// <summary>Which history a command uses, and what bench leaves there.</summary>
internal static class BenchHistory
{
    /// <summary>--history.</summary>
    public static Option<string?> Option() => new("--history")
    {
        Description = "The history's file; $XDG_STATE_HOME/kvmsys/history.db or ~/.local/state/kvmsys/history.db when not given.",
        HelpName = "FILE",
        CustomParser = result =>
        {
            string path = result.Tokens[0].Value;
            if (path.Length == 0 || path.Contains('\0', StringComparison.Ordinal))
            {
                result.AddError("--history needs the name of a file.");
            }

            return path;
        },
    };

    /// <summary>The history's file.</summary>
    /// <param name="given">What --history says.</param>
    /// <exception cref="HistoryException">It says nothing, and there is no home.</exception>
    public static string PathOf(string? given) => given ?? HistoryDatabase.DefaultPath(Environment.GetEnvironmentVariable)
        ?? throw new HistoryException("there is no place for a history: neither XDG_STATE_HOME nor HOME has a path", "name a file with --history");

    /// <summary>Keeps a bench in the history, if it has a figure. If it cannot be kept, that is told; the bench is what it is.</summary>
    /// <param name="report">The bench.</param>
    /// <param name="given">What --history says.</param>
    public static void Keep(BenchReport report, string? given)
    {
        BenchDocument bench = BenchDocument.Of(report);
        if (bench.Results.All(result => result.CoreCycles is null))
        {
            return;
        }

        try
        {
            using HistoryDatabase history = HistoryDatabase.OpenToAppend(PathOf(given));
            Append(history, bench, JsonSerializer.Serialize(bench, KvmsysJson.Default.BenchDocument), DateTimeOffset.UtcNow);
        }
        catch (HistoryException exception)
        {
            StandardStream.WriteMessage($"kvmsys: this bench is not in the history: {exception.Message[..^1]}; --no-history if none is wanted.\n");
        }
    }

    /// <summary>Adds a bench to a history.</summary>
    /// <param name="history">The history.</param>
    /// <param name="bench">The bench.</param>
    /// <param name="json">The same as text.</param>
    /// <param name="time">When it was made.</param>
    /// <returns>Its number.</returns>
    /// <exception cref="HistoryException">It cannot be written.</exception>
    public static long Append(HistoryDatabase history, BenchDocument bench, string json, DateTimeOffset time)
    {
        HistoryEntry entry = BenchFigures.EntryOf(bench, time);
        return history.Append(entry, BenchFigures.Of(bench, entry), json);
    }

    /// <summary>A bench of the history, as bench wrote it.</summary>
    /// <param name="given">What --history says.</param>
    /// <param name="id">Its number.</param>
    /// <param name="json">Its JSON.</param>
    /// <exception cref="CommandFailedException">There is none, or it is not what bench writes.</exception>
    /// <exception cref="HistoryException">The history cannot be read.</exception>
    public static BenchDocument Read(string? given, long id, out string json)
    {
        string path = PathOf(given);
        using HistoryDatabase? history = HistoryDatabase.OpenExisting(path);
        json = history?.Document(id) ?? throw NoEntry(path, id);
        return BenchFile.Parse(System.Text.Encoding.UTF8.GetBytes(json), $"{id} of the history {path}");
    }

    /// <summary>There is no such entry.</summary>
    public static CommandFailedException NoEntry(string path, long id) =>
        new(ExitCode.Usage, $"the history {Shown.OneLine(path)} has no entry {id}. Cure: kvmsys history lists those that it has.");
}
