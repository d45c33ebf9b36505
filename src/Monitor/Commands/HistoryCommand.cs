// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Text;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;
using Spectre.Console;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys history.</summary>
internal static class HistoryCommand
{
    /// <summary>The verb that writes a bench again.</summary>
    public const string Show = "show";

    /// <summary>The verb that adds a bench from a file.</summary>
    public const string Import = "import";

    /// <summary>The verb that removes a bench.</summary>
    public const string Delete = "delete";

    // With what a kernel does on the way, as in "syscall+ibrs".
    private static readonly string[] MechanismNames =
    [
        .. from mechanism in Enum.GetValues<EntryMechanism>()
           from mitigation in Enum.GetValues<Mitigation>()
           where mitigation == Mitigation.None || new EntryPath(KernelProfile.Bare64, mechanism).TakesMitigations
           select Spelling.Of(mechanism, mitigation),
    ];

    private static readonly string[] ProfileNames = [.. Enum.GetValues<KernelProfile>().Select(Spelling.Of)];

    private const int DefaultLimit = 100;
    private const int MostEntries = 10_000;

    /// <summary>The command.</summary>
    public static Command Create()
    {
        Option<string?> mechanism = new("--mechanism") { Description = "Show what this one has cost over time, and where that changed.", HelpName = "NAME" };
        mechanism.CustomParser = result => CommonOptions.ParseOneOf(result, MechanismNames);
        mechanism.CompletionSources.Add(MechanismNames);
        Option<string?> profile = new("--profile") { Description = "On this kernel alone.", HelpName = "NAME" };
        profile.CustomParser = result => CommonOptions.ParseOneOf(result, ProfileNames);
        profile.CompletionSources.Add(ProfileNames);
        Option<int> limit = new("--limit")
        {
            Description = "The latest so many benches.",
            HelpName = "N",
            DefaultValueFactory = _ => DefaultLimit,
            CustomParser = result => CommonOptions.ParseNumber(result, 1, MostEntries),
        };
        Option<string?> file = BenchHistory.Option();
        file.Recursive = true;
        Option<bool> json = CommonOptions.Json();
        Command command = new("history", "List the benches that were made here, and plot what a mechanism has cost in them.")
        {
            mechanism, profile, limit, json, file, CreateShow(file), CreateImport(file), CreateDelete(file),
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(profile) is not null && result.GetValue(mechanism) is null)
            {
                result.AddError("--profile needs --mechanism.");
            }
        });
        command.SetAction(parsed => Run(
            parsed.GetValue(file), parsed.GetValue(mechanism), parsed.GetValue(profile), parsed.GetValue(limit), parsed.GetValue(json)));
        return command;
    }

    private static Command CreateShow(Option<string?> file)
    {
        Argument<long> id = Number();
        Command command = new(Show, "Write a bench as bench --json wrote it.") { id };
        command.SetAction(parsed => Explained(ExitCode.Usage, () =>
        {
            BenchHistory.Read(parsed.GetValue(file), parsed.GetValue(id), out string json);
            StandardStream.WriteResults($"{json}\n");
            return ExitCode.Done;
        }));
        return command;
    }

    private static Command CreateImport(Option<string?> file)
    {
        Argument<string> bench = new("BENCH") { Description = "What kvmsys bench --json wrote." };
        Command command = new(Import, "Add a bench from a file, under the time when that was last written.") { bench };
        command.SetAction(parsed => Explained(ExitCode.CannotWrite, () =>
        {
            string name = parsed.GetValue(bench)!;
            byte[] bytes = BenchFile.ReadBytes(name);
            BenchDocument document = BenchFile.Parse(bytes, name);
            using HistoryDatabase history = HistoryDatabase.OpenToAppend(BenchHistory.PathOf(parsed.GetValue(file)));
            long id = BenchHistory.Append(history, document, Encoding.UTF8.GetString(bytes).TrimEnd('\n'), File.GetLastWriteTimeUtc(name));
            StandardStream.WriteMessage($"kvmsys: {Shown.OneLine(name)} is entry {id} now.\n");
            return ExitCode.Done;
        }));
        return command;
    }

    private static Command CreateDelete(Option<string?> file)
    {
        Argument<long> id = Number();
        Command command = new(Delete, "Remove a bench.") { id };
        command.SetAction(parsed => Explained(ExitCode.CannotWrite, () =>
        {
            string path = BenchHistory.PathOf(parsed.GetValue(file));
            using HistoryDatabase? history = HistoryDatabase.OpenExisting(path);
            return history?.Delete(parsed.GetValue(id)) == true ? ExitCode.Done : throw BenchHistory.NoEntry(path, parsed.GetValue(id));
        }));
        return command;
    }

    private static Argument<long> Number() => new("ID") { Description = "Its number in the list.", CustomParser = result => CommonOptions.ParseNumber(result, 1L, long.MaxValue) };

    private static int Run(string? given, string? mechanism, string? profile, int limit, bool json) => Explained(ExitCode.Usage, () =>
    {
        string path = BenchHistory.PathOf(given);
        using HistoryDatabase? history = HistoryDatabase.OpenExisting(path);
        if (history is null && given is not null && !File.Exists(path))
        {
            throw new HistoryException($"the history {Shown.OneLine(path)} cannot be used: there is no such file", "kvmsys bench with the same --history makes it");
        }

        HistorySeries[] series = mechanism is null ? [] : [.. HistorySeries.Of(history?.Figures(mechanism, profile, limit) ?? [])];
        IReadOnlyList<HistoryEntry> entries = mechanism is null ? history?.Entries(limit) ?? [] : [];
        if (json)
        {
            HistoryDocument document = new()
            {
                Path = path,
                Entries = mechanism is null ? entries : null,
                Series = mechanism is null ? null : [.. series.Select(HistorySeriesDocument.Of)],
            };
            Terminal.WriteJson(document, KvmsysJson.Default.HistoryDocument);
        }
        else if (series.Length + entries.Count > 0)
        {
            Terminal.Write(mechanism is null ? HistoryTable.Render(entries) : HistoryTable.Render(series));
        }
        else
        {
            Terminal.Write(new Text($"Nothing{(mechanism is null ? "" : $" of {mechanism}{(profile is null ? "" : $" on {profile}")}")} is in the history {Shown.OneLine(path)} yet; kvmsys bench adds to it."));
        }

        return ExitCode.Done;
    });

    /// <summary>Runs what works on a history; one that cannot be used ends the command.</summary>
    private static int Explained(int exitCode, Func<int> action)
    {
        try
        {
            return action();
        }
        catch (HistoryException exception)
        {
            throw new CommandFailedException(exitCode, exception.Message);
        }
    }
}
