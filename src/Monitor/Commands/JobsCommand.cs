// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Globalization;
using Kvmsys.Monitor.Daemon;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys jobs: the client of kvmsys daemon.</summary>
internal static class JobsCommand
{
    /// <summary>Name of the verb that submits a job.</summary>
    public const string Submit = "submit";

    /// <summary>Name of the verb that lists jobs.</summary>
    public const string List = "list";

    /// <summary>Name of the verb that shows a job.</summary>
    public const string Show = "show";

    /// <summary>Name of the verb that waits for a job's end.</summary>
    public const string Watch = "watch";

    /// <summary>Name of the verb that ends a job.</summary>
    public const string Cancel = "cancel";

    /// <summary>Name of the verb that writes a job's result.</summary>
    public const string Result = "result";

    /// <summary>Name of the verb that shows the host.</summary>
    public const string Host = "host";

    /// <summary>Name of the verb about schedules.</summary>
    public const string Schedule = "schedule";

    private const string Jobs = "/api/v1/jobs";
    private const string HostPath = "/api/v1/host";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private static readonly DaemonAccess Access = new("the daemon", DaemonRole.Host);
    private static readonly Option<bool> Json = new("--json") { Description = "Write JSON.", Recursive = true };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        Option<JobState?> state = new("--state")
        {
            Description = "Only jobs in that state.",
            HelpName = "queued|running|done|failed|cancelled",
            CustomParser = result => ParseState(result),
        };
        Option<int?> limit = new("--limit") { Description = "So many at most, the latest; 20 when not given.", HelpName = "N", CustomParser = result => CommonOptions.ParseNumber(result, 1, Daemon.Store.JobStore.MostRows) };
        Command list = new(List, "List jobs, the latest first.") { state, limit };
        list.SetAction(parsed => Access.With(parsed, (client, cancellation) => ListJobs(client, parsed.GetValue(state), parsed.GetValue(limit) ?? 20, parsed.GetValue(Json), cancellation)));

        Command jobs = new("jobs", "Give jobs to a daemon, and see what becomes of them.") { Access.Connect, Json };
        jobs.Add(JobSubmission.Create(Access.With, Json));
        jobs.Add(list);
        jobs.Add(OfJob(Show, "Show a job and its attempts.", ShowJob));
        jobs.Add(OfJob(Watch, "Wait for a job's end; exit with 6 when it has no result.", WatchJob));
        jobs.Add(OfJob(Cancel, "End a job.", CancelJob));
        jobs.Add(OfJob(Result, "Write a job's result as it is: kvmsys compare and kvmsys report read a bench's.", WriteResult));
        jobs.Add(ScheduleCommand.Create(Access.With, Json));
        jobs.Add(CreateRegressions());
        jobs.Add(OfHost(Host, "Show the host, and what its daemon does.", (client, cancellation) => client.Get(HostPath, DaemonJson.Default.HostStateDocument, cancellation)));
        jobs.Add(OfHost("cordon", "Begin no further job; one that runs goes on.", (client, cancellation) => client.Post($"{HostPath}/cordon", DaemonJson.Default.HostStateDocument, cancellation)));
        jobs.Add(OfHost("drain", "Begin no further job, and wait for the end of the one that runs.", Drain));
        jobs.Add(OfHost("uncordon", "Begin jobs again.", (client, cancellation) => client.Post($"{HostPath}/uncordon", DaemonJson.Default.HostStateDocument, cancellation)));
        return jobs;
    }

    /// <summary>Waits for a job's end, with a progress bar where somebody sees it.</summary>
    /// <returns>The exit status.</returns>
    public static async Task<int> Wait(DaemonClient client, long id, bool json, CancellationToken cancellation)
    {
        JobDocument job = await client.Get(PathOf(id), DaemonJson.Default.JobDocument, cancellation).ConfigureAwait(false);
        await Terminal.WaitingAsync($"job {id}", async tell =>
        {
            while (!HasEnded(job))
            {
                tell?.Invoke(job.Progress ?? 0);
                await Task.Delay(Pause, cancellation).ConfigureAwait(false);
                job = await client.Get(PathOf(id), DaemonJson.Default.JobDocument, cancellation).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
        Write(job, json);
        return job.State == JobState.Done ? ExitCode.Done : ExitCode.JobFailed;
    }

    /// <summary>Writes a job.</summary>
    public static void Write(JobDocument job, bool json)
    {
        if (json)
        {
            Terminal.WriteJson(job, DaemonJson.Default.JobDocument);
        }
        else
        {
            Terminal.Write(JobTable.Of(job));
        }
    }

    private static Command OfJob(string name, string description, Func<DaemonClient, long, bool, CancellationToken, Task<int>> act)
    {
        Argument<long> id = CommonOptions.Id("JOB", "Its number.", "a job");
        Command command = new(name, description) { id };
        command.SetAction(parsed => Access.With(parsed, (client, cancellation) => act(client, parsed.GetValue(id), parsed.GetValue(Json), cancellation)));
        return command;
    }

    private static Command CreateRegressions()
    {
        const int usual = 20;
        Option<int?> limit = new("--limit") { Description = $"So many at most, the latest; {usual.ToString(CultureInfo.InvariantCulture)} when not given.", HelpName = "N", CustomParser = result => CommonOptions.ParseNumber(result, 1, Daemon.Store.JobStore.MostRows) };
        Command command = new("regressions", "List changes in what mechanisms cost that are greater than the host's own noise, the latest first.") { limit };
        command.SetAction(parsed => Access.With(parsed, async (client, cancellation) =>
        {
            string path = string.Create(CultureInfo.InvariantCulture, $"/api/v1/regressions?limit={parsed.GetValue(limit) ?? usual}");
            RegressionListDocument page = await client.Get(path, DaemonJson.Default.RegressionListDocument, cancellation).ConfigureAwait(false);
            if (parsed.GetValue(Json))
            {
                Terminal.WriteJson(page, DaemonJson.Default.RegressionListDocument);
            }
            else if (page.Regressions.Count == 0)
            {
                StandardStream.WriteMessage("kvmsys: nothing has changed by more than its noise. A change shows when there are some 8 benches on either side.\n");
            }
            else
            {
                Terminal.Write(JobTable.Of(page.Regressions));
            }

            return ExitCode.Done;
        }));
        return command;
    }

    private static Command OfHost(string name, string description, Func<DaemonClient, CancellationToken, Task<HostStateDocument>> ask)
    {
        Command command = new(name, description);
        command.SetAction(parsed => Access.With(parsed, async (client, cancellation) =>
        {
            HostStateDocument host = await ask(client, cancellation).ConfigureAwait(false);
            if (parsed.GetValue(Json))
            {
                Terminal.WriteJson(host, DaemonJson.Default.HostStateDocument);
            }
            else
            {
                Terminal.Write(JobTable.Of(host));
            }

            return ExitCode.Done;
        }));
        return command;
    }

    private static async Task<int> ListJobs(DaemonClient client, JobState? state, int limit, bool json, CancellationToken cancellation)
    {
        string query = string.Create(CultureInfo.InvariantCulture, $"{Jobs}?limit={limit}{(state is JobState wanted ? $"&state={JobWords.Of(wanted)}" : "")}");
        JobListDocument page = await client.Get(query, DaemonJson.Default.JobListDocument, cancellation).ConfigureAwait(false);
        if (json)
        {
            Terminal.WriteJson(page, DaemonJson.Default.JobListDocument);
        }
        else if (page.Jobs.Count == 0)
        {
            StandardStream.WriteMessage("kvmsys: there is no such job. kvmsys jobs submit gives the daemon one.\n");
        }
        else
        {
            Terminal.Write(JobTable.Of(page.Jobs));
        }

        return ExitCode.Done;
    }

    private static async Task<int> ShowJob(DaemonClient client, long id, bool json, CancellationToken cancellation)
    {
        Write(await client.Get(PathOf(id), DaemonJson.Default.JobDocument, cancellation).ConfigureAwait(false), json);
        return ExitCode.Done;
    }

    private static Task<int> WatchJob(DaemonClient client, long id, bool json, CancellationToken cancellation) => Wait(client, id, json, cancellation);

    private static async Task<int> CancelJob(DaemonClient client, long id, bool json, CancellationToken cancellation)
    {
        Write(await client.Post($"{PathOf(id)}/cancel", DaemonJson.Default.JobDocument, cancellation).ConfigureAwait(false), json);
        return ExitCode.Done;
    }

    private static async Task<int> WriteResult(DaemonClient client, long id, bool json, CancellationToken cancellation)
    {
        StandardStream.WriteResults(await client.GetBytes($"{PathOf(id)}/result", cancellation).ConfigureAwait(false));
        return ExitCode.Done;
    }

    private static async Task<HostStateDocument> Drain(DaemonClient client, CancellationToken cancellation)
    {
        HostStateDocument host = await client.Post($"{HostPath}/cordon", DaemonJson.Default.HostStateDocument, cancellation).ConfigureAwait(false);
        while (host.Running is not null)
        {
            await Task.Delay(Pause, cancellation).ConfigureAwait(false);
            host = await client.Get(HostPath, DaemonJson.Default.HostStateDocument, cancellation).ConfigureAwait(false);
        }

        return host;
    }

    private static JobState? ParseState(System.CommandLine.Parsing.ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        JobState? state = JobWords.StateOf(text);
        if (state is null)
        {
            result.AddError($"--state {Shown.OneLine(text)}: one of queued, running, done, failed, cancelled is needed.");
        }

        return state;
    }

    private static bool HasEnded(JobDocument job) => job.State is JobState.Done or JobState.Failed or JobState.Cancelled;

    private static string PathOf(long id) => string.Create(CultureInfo.InvariantCulture, $"{Jobs}/{id}");
}
