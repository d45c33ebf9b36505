// SPDX-License-Identifier: MIT

using System.CommandLine;
using Kvmsys.Monitor.Daemon.Api;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys jobs submit.</summary>
internal static class JobSubmission
{
    /// <summary>The command.</summary>
    /// <param name="with">Runs something with a client.</param>
    /// <param name="json">Whether JSON is wanted.</param>
    public static Command Create(Func<ParseResult, Func<DaemonClient, CancellationToken, Task<int>>, int> with, Option<bool> json)
    {
        Option<string?> key = new("--key") { Description = "Sent again with the same key, it is the same job: for scripts that try again.", HelpName = "KEY", Recursive = true };
        Option<bool> wait = new("--wait") { Description = "Wait for its end.", Recursive = true };
        Command command = new(JobsCommand.Submit, "Give the daemon a job.") { key, wait };
        JobDescription.AddTo(command, (parsed, request) => with(parsed, async (client, cancellation) =>
        {
            JobDocument job = await client.Post(
                "/api/v1/jobs", request, DaemonJson.Default.JobRequest, parsed.GetValue(key), DaemonJson.Default.JobDocument, cancellation).ConfigureAwait(false);
            if (parsed.GetValue(wait))
            {
                return await JobsCommand.Wait(client, job.Id, parsed.GetValue(json), cancellation).ConfigureAwait(false);
            }

            JobsCommand.Write(job, parsed.GetValue(json));
            return ExitCode.Done;
        }));
        return command;
    }
}
