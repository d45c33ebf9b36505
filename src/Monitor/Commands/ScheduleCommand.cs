// SPDX-License-Identifier: MIT

using System.CommandLine;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys jobs schedule: jobs that the daemon submits by itself, again and again.</summary>
internal static class ScheduleCommand
{
    /// <summary>Name of the verb that makes a schedule.</summary>
    public const string Set = "set";

    private const string Schedules = "/api/v1/schedules";

    /// <summary>The command.</summary>
    /// <param name="with">Runs something with a client.</param>
    /// <param name="json">Whether JSON is wanted.</param>
    public static Command Create(Func<ParseResult, Func<DaemonClient, CancellationToken, Task<int>>, int> with, Option<bool> json)
    {
        Command list = new("list", "List schedules.");
        list.SetAction(parsed => with(parsed, (client, cancellation) => List(client, parsed.GetValue(json), cancellation)));
        Command schedule = new(JobsCommand.Schedule, "Have jobs submitted again and again, in cron's syntax.") { list };
        schedule.Add(Setting(with, json));
        schedule.Add(OfOne("show", "Show a schedule, with its next time and its last job.", (client, path, cancellation) => client.Get(path, DaemonJson.Default.ScheduleDocument, cancellation)));
        schedule.Add(OfOne("pause", "Submit nothing by a schedule until it is resumed.", (client, path, cancellation) => client.Post($"{path}/pause", DaemonJson.Default.ScheduleDocument, cancellation)));
        schedule.Add(OfOne("resume", "Submit by a schedule again, from now on.", (client, path, cancellation) => client.Post($"{path}/resume", DaemonJson.Default.ScheduleDocument, cancellation)));
        Argument<string?> removed = Name();
        Command remove = new("remove", "Remove a schedule. Its jobs stay.") { removed };
        remove.SetAction(parsed => with(parsed, async (client, cancellation) =>
        {
            await client.Delete(PathOf(parsed, removed), cancellation).ConfigureAwait(false);
            return ExitCode.Done;
        }));
        schedule.Add(remove);
        return schedule;

        Command OfOne(string verb, string description, Func<DaemonClient, string, CancellationToken, Task<ScheduleDocument>> ask)
        {
            Argument<string?> name = Name();
            Command command = new(verb, description) { name };
            command.SetAction(parsed => with(parsed, async (client, cancellation) =>
            {
                Write(await ask(client, PathOf(parsed, name), cancellation).ConfigureAwait(false), parsed.GetValue(json));
                return ExitCode.Done;
            }));
            return command;
        }
    }

    private static Command Setting(Func<ParseResult, Func<DaemonClient, CancellationToken, Task<int>>, int> with, Option<bool> json)
    {
        Argument<string?> name = Name();
        Option<string> cron = new("--cron")
        {
            Description = "When: minute, hour, day of the month, month and day of the week, or @daily and the like.",
            HelpName = "'M H D M W'",
            Required = true,
            Recursive = true,
        };
        Option<string?> zone = new("--time-zone") { Description = "The time zone that it means, for example Europe/Berlin; UTC when not given.", HelpName = "ZONE", Recursive = true };
        Command command = new(Set, "Make a schedule, or give it another content; what is behind it is the job.") { name, cron, zone };
        JobDescription.AddTo(command, (parsed, job) => with(parsed, async (client, cancellation) =>
        {
            ScheduleRequest request = new() { Cron = parsed.GetValue(cron)!, TimeZone = parsed.GetValue(zone), Job = job };
            Write(
                await client.Put(PathOf(parsed, name), request, DaemonJson.Default.ScheduleRequest, DaemonJson.Default.ScheduleDocument, cancellation).ConfigureAwait(false),
                parsed.GetValue(json));
            return ExitCode.Done;
        }));
        return command;
    }

    private static async Task<int> List(DaemonClient client, bool json, CancellationToken cancellation)
    {
        ScheduleListDocument all = await client.Get(Schedules, DaemonJson.Default.ScheduleListDocument, cancellation).ConfigureAwait(false);
        if (json)
        {
            Terminal.WriteJson(all, DaemonJson.Default.ScheduleListDocument);
        }
        else if (all.Schedules.Count == 0)
        {
            StandardStream.WriteMessage("kvmsys: there is no schedule. kvmsys jobs schedule set makes one.\n");
        }
        else
        {
            Terminal.Write(ScheduleTable.Of(all.Schedules));
        }

        return ExitCode.Done;
    }

    private static void Write(ScheduleDocument schedule, bool json)
    {
        if (json)
        {
            Terminal.WriteJson(schedule, DaemonJson.Default.ScheduleDocument);
        }
        else
        {
            Terminal.Write(ScheduleTable.Of([schedule]));
        }
    }

    // With a command behind it, System.CommandLine does not tell what is wrong with an argument: that is found out where it is used.
    private static Argument<string?> Name() => new("NAME") { Description = "Its name." };

    /// <summary>The path of the schedule that is named.</summary>
    private static string PathOf(ParseResult parsed, Argument<string?> name)
    {
        string given = parsed.GetResult(name) is { Tokens: [var token] } ? token.Value : "";
        return Schedule.ObjectionTo(given) is string objection
            ? throw new CommandFailedException(ExitCode.Usage, $"{objection}. Cure: see kvmsys jobs schedule --help")
            : $"{Schedules}/{given}";
    }
}
