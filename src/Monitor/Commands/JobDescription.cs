// SPDX-License-Identifier: MIT

using System.CommandLine;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Monitor.Commands;

/// <summary>A job as it is said on a command line: a bench, a program or a check-up, by the options of kvmsys bench, run and doctor.</summary>
internal sealed class JobDescription
{
    private const uint MostProgramBytes = 64 << 20;

    private readonly Option<string?> _name = new("--name") { Description = "What people call it.", HelpName = "TEXT", Recursive = true };
    private readonly Option<int?> _priority = new("--priority") { Description = $"What has more of it is done first: -{JobRequest.MostPriority} to {JobRequest.MostPriority}.", HelpName = "N", Recursive = true };
    private readonly Option<int?> _deadline = new("--deadline") { Description = "Seconds that an attempt may take.", HelpName = "SECONDS", Recursive = true };
    private readonly Option<int?> _attempts = new("--attempts") { Description = "Attempts after which it has failed.", HelpName = "N", Recursive = true };
    private readonly Func<ParseResult, JobRequest, int> _act;

    private JobDescription(Func<ParseResult, JobRequest, int> act) => _act = act;

    /// <summary>Adds to a command its kinds of jobs as commands below it, and the options that all of them have.</summary>
    /// <param name="command">The command.</param>
    /// <param name="act">Does what the command does with a job; returns the exit status.</param>
    public static void AddTo(Command command, Func<ParseResult, JobRequest, int> act)
    {
        JobDescription job = new(act);
        command.Add(job._name);
        command.Add(job._priority);
        command.Add(job._deadline);
        command.Add(job._attempts);
        command.Add(job.Bench());
        command.Add(job.Run());
        command.Add(job.Doctor());
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
        command.SetAction(parsed => Act(parsed, new JobRequest
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
        command.SetAction(parsed => Act(parsed, new JobRequest
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
        command.SetAction(parsed => Act(parsed, new JobRequest { Kind = JobKind.Doctor }));
        return command;
    }

    private int Act(ParseResult parsed, JobRequest request) => _act(parsed, request with
    {
        Name = parsed.GetValue(_name),
        Priority = parsed.GetValue(_priority) ?? 0,
        DeadlineSeconds = parsed.GetValue(_deadline),
        MaxAttempts = parsed.GetValue(_attempts),
    });

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
