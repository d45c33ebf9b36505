// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Globalization;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Farm.Controller;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys farm gather: the benches of a batch, compared as kvmsys gather compares files.</summary>
internal static class FarmGatherCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "gather";

    /// <summary>The command.</summary>
    /// <param name="access">How the controller is reached.</param>
    public static Command Create(DaemonAccess access)
    {
        Argument<long[]> batches = new("BATCH") { Description = "Their numbers.", Arity = ArgumentArity.OneOrMore };
        FleetOptions options = new();
        Command command = new(Name, "Compare the benches of batches: what each CPU model costs.") { batches, access.Connect };
        options.AddTo(command);
        command.SetAction(parsed => access.With(parsed, async (client, cancellation) =>
        {
            using FleetFiles files = options.Prepare(parsed);
            List<(string Host, BenchDocument Bench)> benches = [];
            foreach (long id in parsed.GetValue(batches)!)
            {
                benches.AddRange(await BenchesOf(client, id, cancellation).ConfigureAwait(false));
            }

            files.Write(options.Compare(benches, parsed));
            return ExitCode.Done;
        }));
        return command;
    }

    private static async Task<List<(string Host, BenchDocument Bench)>> BenchesOf(DaemonClient client, long id, CancellationToken cancellation)
    {
        BatchDocument batch = await client.Get(string.Create(CultureInfo.InvariantCulture, $"/api/v1/batches/{id}"), DaemonJson.Default.BatchDocument, cancellation).ConfigureAwait(false);
        List<(string Host, BenchDocument Bench)> benches = [];
        foreach (JobDocument job in batch.Jobs)
        {
            string? objection = job.Request.Kind != JobKind.Bench ? "is no bench"
                : job.State != JobState.Done ? $"is {JobWords.Of(job.State)}{(job.Reason is null ? "" : $": {Shown.OneLine(job.Reason)}")}"
                : null;
            if (objection is not null)
            {
                StandardStream.WriteMessage(string.Create(CultureInfo.InvariantCulture, $"kvmsys: left out: job {job.Id} {objection}\n"));
                continue;
            }

            byte[] json = await client.GetBytes(string.Create(CultureInfo.InvariantCulture, $"/api/v1/jobs/{job.Id}/result"), cancellation).ConfigureAwait(false);
            string host = job.Attempts?.FirstOrDefault(attempt => attempt.Number == job.AcceptedAttempt)?.Host ?? "unknown";
            benches.Add((host, BenchFile.Parse(json, string.Create(CultureInfo.InvariantCulture, $"of job {job.Id}"))));
        }

        return benches.Count > 0
            ? benches
            : throw new CommandFailedException(ExitCode.JobFailed, string.Create(CultureInfo.InvariantCulture, $"batch {id} has no bench with a result. Cure: kvmsys farm watch {id} waits for them, and tells which have none."));
    }
}
