// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Globalization;
using Kvmsys.Monitor.Daemon;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Farm.Controller;

namespace Kvmsys.Monitor.Commands;

/// <summary>The verbs of kvmsys farm that ask a controller.</summary>
internal static class FarmClientCommands
{
    /// <summary>Name of the verb that submits a job for several hosts.</summary>
    public const string Submit = "submit";

    /// <summary>Name of the verb that lists the hosts.</summary>
    public const string List = "ls";

    /// <summary>Name of the verb that waits for a batch.</summary>
    public const string Watch = "watch";

    private const string Batches = "/api/v1/batches";
    private const string HostsPath = "/api/v1/hosts";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly DaemonAccess Access = new("the controller", DaemonRole.Controller);
    private static readonly Option<bool> Json = new("--json") { Description = "Write JSON.", Recursive = true };

    /// <summary>The commands.</summary>
    public static IEnumerable<Command> Create() =>
    [
        CreateSubmit(),
        CreateList(),
        CreateRegressions(),
        OfBatch(Watch, "Wait for the ends of a batch's jobs; exit with 6 when one of them has no result.", WaitFor),
        OfBatch("show", "Show a batch and its jobs.", async (client, id, json, cancellation) => Write(await FindBatch(client, id, cancellation).ConfigureAwait(false), json)),
        FarmGatherCommand.Create(Access),
        OfJob("cancel", "End a job, wherever it is.", "cancel"),
        OfHost("cordon", "Let a host begin no further job; one that it does goes on.", (client, name, cancellation) => Cordon(client, name, true, cancellation)),
        OfHost("uncordon", "Let a host begin jobs again.", (client, name, cancellation) => Cordon(client, name, false, cancellation)),
        OfHost("drain", "Let a host begin no further job, and wait for the end of the one that it does.", Drain),
    ];

    private static Command CreateSubmit()
    {
        Option<bool> each = new("--each") { Description = "A job for every host that is there.", Recursive = true };
        Option<bool> perCpu = new("--per-cpu") { Description = "A job for every CPU model and KVM back end that is there.", Recursive = true };
        Option<string?> host = new("--host") { Description = "A job for that host.", HelpName = "NAME", Recursive = true };
        Option<string?> cpu = new("--cpu-key") { Description = "A job for one host of that CPU model and KVM back end, as kvmsys farm ls shows it.", HelpName = "KEY", Recursive = true };
        Option<string[]> where = new("--where") { Description = "With --each and --per-cpu: only hosts with that label; * stands for anything.", HelpName = "LABEL=PATTERN", Recursive = true };
        Option<string?> key = new("--key") { Description = "Sent again with the same key, it is the same batch: for scripts that try again.", HelpName = "KEY", Recursive = true };
        Option<bool> wait = new("--wait") { Description = "Wait for the ends of its jobs.", Recursive = true };
        Command command = new(Submit, "Give the farm a job: for a host, for each, or for one of every CPU model; for any host when nothing is said.") { each, perCpu, host, cpu, where, key, wait, Access.Connect, Json };
        JobDescription.AddTo(command, (parsed, request) =>
        {
            string[] targets =
            [
                .. parsed.GetValue(each) ? [BatchRequest.Each] : Array.Empty<string>(),
                .. parsed.GetValue(perCpu) ? [BatchRequest.PerCpu] : Array.Empty<string>(),
                .. parsed.GetValue(host) is string name ? [$"host:{name}"] : Array.Empty<string>(),
                .. parsed.GetValue(cpu) is string kind ? [$"cpu:{kind}"] : Array.Empty<string>(),
            ];
            if (targets.Length > 1)
            {
                throw new CommandFailedException(ExitCode.Usage, "one of --each, --per-cpu, --host and --cpu-key is taken. Cure: submit twice.");
            }

            BatchRequest batch = new() { Target = targets is [string target] ? target : "any", Where = parsed.GetValue(where) ?? [], Job = request };
            return Access.With(parsed, async (client, cancellation) =>
            {
                BatchDocument taken = await client.Post(Batches, batch, DaemonJson.Default.BatchRequest, parsed.GetValue(key), DaemonJson.Default.BatchDocument, cancellation).ConfigureAwait(false);
                return parsed.GetValue(wait)
                    ? await WaitFor(client, taken.Id, parsed.GetValue(Json), cancellation).ConfigureAwait(false)
                    : Write(taken, parsed.GetValue(Json));
            });
        });
        return command;
    }

    private static Command CreateList()
    {
        Command command = new(List, "List the hosts of the farm.") { Access.Connect, Json };
        command.SetAction(parsed => Access.With(parsed, async (client, cancellation) =>
        {
            FarmHostListDocument list = await client.Get(HostsPath, DaemonJson.Default.FarmHostListDocument, cancellation).ConfigureAwait(false);
            if (parsed.GetValue(Json))
            {
                Terminal.WriteJson(list, DaemonJson.Default.FarmHostListDocument);
            }
            else if (list.Hosts.Count == 0)
            {
                StandardStream.WriteMessage("kvmsys: no host has joined the farm yet. Cure: start kvmsys farm agent on one; kvmsys farm key tells how it gets its key.\n");
            }
            else
            {
                Terminal.Write(FarmTable.Of(list.Hosts));
            }

            return ExitCode.Done;
        }));
        return command;
    }

    private static Command CreateRegressions()
    {
        Option<int?> days = new("--days")
        {
            Description = "Found in the last so many days; 7 when not given.",
            HelpName = "N",
            CustomParser = result => CommonOptions.ParseNumber(result, 1, FarmRoutes.MostDays),
        };
        Command command = new("regressions", "Show what kernels, microcode and versions that have changed have done to what mechanisms cost on the farm's hosts.") { days, Access.Connect, Json };
        command.SetAction(parsed => Access.With(parsed, async (client, cancellation) =>
        {
            string path = string.Create(CultureInfo.InvariantCulture, $"/api/v1/regressions/by-change{(parsed.GetValue(days) is int count ? $"?days={count}" : "")}");
            FarmChangeListDocument list = await client.Get(path, DaemonJson.Default.FarmChangeListDocument, cancellation).ConfigureAwait(false);
            if (parsed.GetValue(Json))
            {
                Terminal.WriteJson(list, DaemonJson.Default.FarmChangeListDocument);
            }
            else
            {
                Terminal.Write(FarmChangeTable.Of(list));
            }

            return ExitCode.Done;
        }));
        return command;
    }

    private static Command OfBatch(string name, string description, Func<DaemonClient, long, bool, CancellationToken, Task<int>> act)
    {
        Argument<long> id = CommonOptions.Id("BATCH", "Its number.", "a batch");
        Command command = new(name, description) { id, Access.Connect, Json };
        command.SetAction(parsed => Access.With(parsed, (client, cancellation) => act(client, parsed.GetValue(id), parsed.GetValue(Json), cancellation)));
        return command;
    }

    private static Command OfJob(string name, string description, string verb)
    {
        Argument<long> id = CommonOptions.Id("JOB", "Its number.", "a job");
        Command command = new(name, description) { id, Access.Connect, Json };
        command.SetAction(parsed => Access.With(parsed, async (client, cancellation) =>
        {
            string path = string.Create(CultureInfo.InvariantCulture, $"/api/v1/jobs/{parsed.GetValue(id)}/{verb}");
            JobsCommand.Write(await client.Post(path, DaemonJson.Default.JobDocument, cancellation).ConfigureAwait(false), parsed.GetValue(Json));
            return ExitCode.Done;
        }));
        return command;
    }

    private static Command OfHost(string name, string description, Func<DaemonClient, string, CancellationToken, Task<FarmHostDocument>> act)
    {
        Argument<string> host = new("HOST") { Description = "What it is called." };
        Command command = new(name, description) { host, Access.Connect, Json };
        command.SetAction(parsed => Access.With(parsed, async (client, cancellation) =>
        {
            FarmHostDocument document = await act(client, parsed.GetValue(host)!, cancellation).ConfigureAwait(false);
            if (parsed.GetValue(Json))
            {
                Terminal.WriteJson(document, DaemonJson.Default.FarmHostDocument);
            }
            else
            {
                Terminal.Write(FarmTable.Of([document]));
            }

            return ExitCode.Done;
        }));
        return command;
    }

    private static Task<FarmHostDocument> Cordon(DaemonClient client, string name, bool cordoned, CancellationToken cancellation) =>
        client.Post($"{HostsPath}/{Uri.EscapeDataString(name)}/{(cordoned ? "cordon" : "uncordon")}", DaemonJson.Default.FarmHostDocument, cancellation);

    private static async Task<FarmHostDocument> Drain(DaemonClient client, string name, CancellationToken cancellation)
    {
        FarmHostDocument host = await Cordon(client, name, true, cancellation).ConfigureAwait(false);
        while (host.There && host.Job is not null)
        {
            await Task.Delay(Pause, cancellation).ConfigureAwait(false);
            FarmHostListDocument list = await client.Get(HostsPath, DaemonJson.Default.FarmHostListDocument, cancellation).ConfigureAwait(false);
            host = list.Hosts.First(one => one.Name == name);
        }

        return host;
    }

    private static async Task<int> WaitFor(DaemonClient client, long id, bool json, CancellationToken cancellation)
    {
        BatchDocument batch = await FindBatch(client, id, cancellation).ConfigureAwait(false);
        await Terminal.WaitingAsync($"batch {id}", async tell =>
        {
            while (batch.Jobs.Any(job => !HasEnded(job)))
            {
                tell?.Invoke(batch.Jobs.Sum(job => HasEnded(job) ? 1 : job.Progress ?? 0) / batch.Jobs.Count);
                await Task.Delay(Pause, cancellation).ConfigureAwait(false);
                batch = await FindBatch(client, id, cancellation).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
        Write(batch, json);
        return batch.Jobs.All(job => job.State == JobState.Done) ? ExitCode.Done : ExitCode.JobFailed;
    }

    private static Task<BatchDocument> FindBatch(DaemonClient client, long id, CancellationToken cancellation) =>
        client.Get(string.Create(CultureInfo.InvariantCulture, $"{Batches}/{id}"), DaemonJson.Default.BatchDocument, cancellation);

    private static int Write(BatchDocument batch, bool json)
    {
        if (json)
        {
            Terminal.WriteJson(batch, DaemonJson.Default.BatchDocument);
        }
        else
        {
            Terminal.Write(FarmTable.Of(batch));
        }

        return ExitCode.Done;
    }

    private static bool HasEnded(JobDocument job) => job.State is JobState.Done or JobState.Failed or JobState.Cancelled;
}
