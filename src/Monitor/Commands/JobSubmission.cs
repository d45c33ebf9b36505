// SPDX-License-Identifier: MIT

using System.CommandLine;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys jobs submit: a bench, a program or a check-up, by the options of kvmsys bench, run and doctor.</summary>
internal sealed class JobSubmission
{
    private const uint MostProgramBytes = 64 << 20;

    private readonly Option<string?> _name = new("--name") { Description = "What people call it.", HelpName = "TEXT", Recursive = true };
    private readonly Option<int?> _priority = new("--priority") { Description = $"What has more of it is done first: -{JobRequest.MostPriority} to {JobRequest.MostPriority}.", HelpName = "N", Recursive = true };
    private readonly Option<int?> _deadline = new("--deadline") { Description = "Seconds that an attempt may take.", HelpName = "SECONDS", Recursive = true };
    private readonly Option<int?> _attempts = new("--attempts") { Description = "Attempts after which it has failed.", HelpName = "N", Recursive = true };
    private readonly Option<string?> _key = new("--key") { Description = "Sent again with the same key, it is the same job: for scripts that try again.", HelpName = "KEY", Recursive = true };
    private readonly Option<bool> _wait = new("--wait") { Description = "Wait for its end.", Recursive = true };
    private readonly Option<bool> _json;
    private readonly Func<ParseResult, Func<DaemonClient, CancellationToken, Task<int>>, int> _with;

    private JobSubmission(Func<ParseResult, Func<DaemonClient, CancellationToken, Task<int>>, int> with, Option<bool> json) => (_with, _json) = (with, json);

    /// <summary>The command.</summary>
    /// <param name="with">Runs something with a client.</param>
    /// <param name="json">Whether JSON is wanted.</param>
    public static Command Create(Func<ParseResult, Func<DaemonClient, CancellationToken, Task<int>>, int> with, Option<bool> json)
    {
        JobSubmission submission = new(with, json);
        Command command = new(JobsCommand.Submit, "Give the daemon a job.")
        {
            submission._name, submission._priority, submission._deadline, submission._attempts, submission._key, submission._wait,
        };
        command.Add(submission.Bench());
        command.Add(submission.Run());
        command.Add(submission.Doctor());
        return command;
    }

    private Command Bench()
    {
        Option<string[]> mechanisms = Names("--mechanism", "Ways into the kernel; all when not given.", Enum.GetValues<EntryMechanism>().Select(Spelling.Of));
        Option<string[]> profiles = Names("--profile", "The kernel; all guests' when not given.", Enum.GetValues<KernelProfile>().Select(Spelling.Of));
        Option<string[]> mitigations = Names(
            "--mitigation", "What the 64-bit kernel does on an entry beyond that.", Enum.GetValues<Mitigation>().Where(mitigation => mitigation != Mitigation.None).Select(Spelling.Of));
        Option<bool> quick = new("--quick") { Description = "At most 2 s a mechanism; what is done when nothing is said." };
        Option<bool> full = new("--full") { Description = "At most 60 s a mechanism, for a figure to publish." };
        Option<int?> sessions = Number("--sessions", "Times that every machine is made anew.");
        Option<int?> runs = Number("--runs", "Runs of each mechanism and alignment in a session.");
        Option<int?> cpu = Number("--cpu", "The CPU to measure on.");
        Option<int?> seed = Number("--seed", "Decides all that is random.");
        Option<bool> showEmulated = CommonOptions.ShowEmulated();
        Command command = new("bench", "A bench, as kvmsys bench makes it.") { mechanisms, profiles, mitigations, quick, full, sessions, runs, cpu, seed, showEmulated };
        command.SetAction(parsed => Send(parsed, new JobRequest
        {
            Kind = JobKind.Bench,
            Bench = new BenchSpec
            {
                Mechanisms = parsed.GetValue(mechanisms) ?? [],
                Profiles = parsed.GetValue(profiles) ?? [],
                Mitigations = parsed.GetValue(mitigations) ?? [],
                Protocol = parsed.GetValue(full) ? "full" : parsed.GetValue(quick) ? "quick" : null,
                Sessions = parsed.GetValue(sessions),
                Runs = parsed.GetValue(runs),
                Cpu = parsed.GetValue(cpu),
                Seed = parsed.GetValue(seed),
                ShowEmulated = parsed.GetValue(showEmulated),
            },
        }));
        return command;
    }

    private Command Run()
    {
        Argument<string> file = new("FILE") { Description = "A static i386 Linux program." };
        Argument<string[]> arguments = new("ARGUMENTS") { Description = "Its arguments.", Arity = ArgumentArity.ZeroOrMore };
        Option<string[]> environment = new("--env", "-e") { Description = "Of its environment: NAME=VALUE.", HelpName = "NAME=VALUE" };
        Option<int?> memory = Number("--memory", "The guest's memory in MiB.");
        Command command = new("run", "A static i386 Linux program on the guest's kernel, as kvmsys run runs it; what is behind -- is the program's.") { environment, memory, file, arguments };
        command.SetAction(parsed => Send(parsed, new JobRequest
        {
            Kind = JobKind.Run,
            Program = new ProgramSpec
            {
                File = InputFile.Read(parsed.GetValue(file)!, "program", MostProgramBytes),
                Arguments = parsed.GetValue(arguments) ?? [],
                Environment = parsed.GetValue(environment) ?? [],
                MemoryMebibytes = parsed.GetValue(memory),
            },
        }));
        return command;
    }

    private Command Doctor()
    {
        Command command = new("doctor", "What the host's KVM can do, as kvmsys doctor finds out.");
        command.SetAction(parsed => Send(parsed, new JobRequest { Kind = JobKind.Doctor }));
        return command;
    }

    private int Send(ParseResult parsed, JobRequest request)
    {
        request = request with
        {
            Name = parsed.GetValue(_name),
            Priority = parsed.GetValue(_priority) ?? 0,
            DeadlineSeconds = parsed.GetValue(_deadline),
            MaxAttempts = parsed.GetValue(_attempts),
        };
        return _with(parsed, async (client, cancellation) =>
        {
            JobDocument job = await client.Post(
                "/api/v1/jobs", request, DaemonJson.Default.JobRequest, parsed.GetValue(_key), DaemonJson.Default.JobDocument, cancellation).ConfigureAwait(false);
            if (parsed.GetValue(_wait))
            {
                return await JobsCommand.Wait(client, job.Id, parsed.GetValue(_json), cancellation).ConfigureAwait(false);
            }

            JobsCommand.Write(job, parsed.GetValue(_json));
            return ExitCode.Done;
        });
    }

    private static Option<string[]> Names(string name, string description, IEnumerable<string> values) => new(name)
    {
        Description = description,
        HelpName = string.Join('|', values),
        AllowMultipleArgumentsPerToken = true,
    };

    // The daemon knows what is too large for it.
    private static Option<int?> Number(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => CommonOptions.ParseNumber(result, 0, int.MaxValue),
    };
}
