// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.CommandLine.Parsing;
using Kvmsys.Monitor.Commands;
using Kvmsys.Native;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor;

/// <summary>The command line.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        FileDescriptor.OccupyStandardOnes();
        try
        {
            return Run(JobChild.Enter(arguments));
        }
        catch (CommandFailedException exception)
        {
            return Fail(exception.ExitCode, exception.Message);
        }
        catch (KvmException exception)
        {
            CommandFailedException failure = KvmAccess.Explain(exception);
            return Fail(failure.ExitCode, failure.Message);
        }
        catch (Exception exception) when (exception is IOException or OutOfMemoryException)
        {
            return Fail(ExitCode.NoResources, $"{exception.Message} Cure: raise this process's limits (ulimit -a; the control group's memory.max).");
        }
#pragma warning disable CA1031 // The last resort: a fault of ours must still end with its own status, and tell where it was.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return Fail(ExitCode.InternalFault, $"internal fault, please report it with this text: {exception}");
        }
    }

    private static int Run(string[] arguments)
    {
        RootCommand root = CreateRoot();
        using StringWriter help = new();
        InvocationConfiguration configuration = new()
        {
            Output = help,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        if (arguments.Length == 0)
        {
            root.Parse("--help").Invoke(configuration);
            StandardStream.WriteMessage(help.ToString());
            return ExitCode.Usage;
        }

        // An option that acts, such as --help, wins over what is wrong beside it.
        ParseResult parsed = root.Parse(ProgramArguments.Separate(arguments, root), new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed is { Errors.Count: > 0, Action: null or System.CommandLine.Invocation.ParseErrorAction })
        {
            throw Refusal(parsed);
        }

        int exitCode = parsed.Invoke(configuration);
        StandardStream.WriteResults(help.ToString());
        return exitCode;
    }

    private static RootCommand CreateRoot()
    {
        Command doctor = DoctorCommand.Create();
        Command bench = BenchCommand.Create();
        Command latency = LatencyCommand.Create();
        Command compare = CompareCommand.Create();
        Command gather = GatherCommand.Create();
        Command history = HistoryCommand.Create();
        Command report = ReportCommand.Create();
        Command article = ArticleCommand.Create();
        Command run = RunCommand.Create();
        Command page = PageCommand.Create();
        Command trace = TraceCommand.Create();
        Command daemon = DaemonCommand.Create();
        Command jobs = JobsCommand.Create();
        Command farm = FarmCommand.Create();
        RootCommand root = new("Measure what entering a kernel costs, on a KVM vCPU.") { doctor, bench, latency, compare, gather, report, history, article, run, trace, page, daemon, jobs, farm };
        HelpWithExamples.AddTo(root, new Dictionary<Command, string[]>
        {
            [root] = ["kvmsys doctor", "kvmsys bench", "kvmsys article", "kvmsys run ./hello", "kvmsys page disasm", "kvmsys bench --help"],
            [doctor] =
            [
                "kvmsys doctor",
                "kvmsys doctor --json | jq .canRunGuest",
                "kvmsys doctor --fix                                       what would tune this host: read it, then sudo sh",
            ],
            [bench] =
            [
                "kvmsys bench                                              everything, at most 2 s a mechanism",
                "kvmsys bench --mechanism int80 sysenter --profile bare    two mechanisms on the bare kernel",
                "kvmsys bench --full --cpu 3                               a figure to publish, on CPU 3",
                "kvmsys bench --on kvm host                                and what this host's own Linux adds to each",
                "kvmsys bench --profile bare64 --mitigation all            and what each mitigation adds",
                "kvmsys bench --json > bench.json                          all of it, for a script",
                "kvmsys bench --html bench.html --svg bench.svg            the table, and a page and a chart for a browser",
                "kvmsys bench --full --benchfmt > new.txt                  then: benchstat old.txt new.txt",
                "kvmsys bench --no-history                                 keep nothing for kvmsys history",
            ],
            [latency] =
            [
                "kvmsys latency --mechanism sysenter                       a hundred thousand calls, one by one",
                "kvmsys latency --profile host64 --mechanism syscall       of this host's own Linux",
                "kvmsys latency --mechanism empty --calls 10_000_000       the timer alone: what this CPU's own gaps are",
                "kvmsys latency --hgrm > int80.hgrm                        then: HdrHistogram's plotter",
            ],
            [compare] =
            [
                "kvmsys bench --full --json > base.json                    then change something, and the same into new.json",
                "kvmsys compare base.json new.json                         what became slower or faster",
                "kvmsys compare history:3 history:7                        the same of two benches that kvmsys history lists",
                "kvmsys compare --fail-on-regression base.json new.json    exit with 1 when anything became slower",
                "kvmsys compare --threshold-percent 3 --json base.json new.json | jq '.results[] | {mechanism, finding}'",
            ],
            [gather] =
            [
                "kvmsys gather epyc.json xeon.json                         what each CPU model costs; bench --json wrote the files",
                "kvmsys gather --base Xeon hosts/*.json                    with the ratios to another than the first",
                "kvmsys gather db1=a.json db1=b.json db2=c.json            two benches of one host, and one of another",
                "kvmsys gather --html fleet.html --csv fleet.csv hosts/*.json",
                "kvmsys gather --parquet fleet.parquet hosts/*.json        a row for each session; then: duckdb, pandas",
                "kvmsys gather --skip-bad --json hosts/*.json | jq '.results[] | {mechanism, rows}'",
            ],
            [report] =
            [
                "kvmsys report bench.json --html bench.html                a page of what kvmsys bench --json > bench.json wrote",
                "kvmsys report bench.json --svg - | rsvg-convert > bench.png",
            ],
            [history] =
            [
                "kvmsys history                                            the benches that were made here",
                "kvmsys history --mechanism sysenter --profile bare        what it cost in each, and where that changed",
                "kvmsys history --mechanism int80 --json | jq '.series[].changes'",
                "kvmsys history show 3 > base.json                         then: kvmsys compare base.json new.json",
            ],
            [VerbOf(history, HistoryCommand.Show)] = ["kvmsys history show 3 > base.json", "kvmsys compare history:3 history:7"],
            [VerbOf(history, HistoryCommand.Import)] = ["kvmsys history import bench.json"],
            [VerbOf(history, HistoryCommand.Delete)] = ["kvmsys history delete 3"],
            [article] = ["kvmsys article", "kvmsys article --calls 1_000_000 --json"],
            [run] =
            [
                "kvmsys run ./hello                                        gcc -m32 -static -o hello hello.c",
                "kvmsys run --ro . ./busybox sort words.txt                let it read what is below this folder",
                "kvmsys run --timeout 10 --memory 64 --env HOME ./program -v",
                "kvmsys run --fixmap hello=hello.txt ./article-hello       the article's Hello,World page at 0xffffd000",
                "kvmsys run --gdb 0 ./hello                                and gdb ./hello, as it then says",
            ],
            [trace] =
            [
                "kvmsys trace ./hello                                      every instruction, and the way through the kernel",
                "kvmsys trace --user --limit 1_000 ./hello                 the program's first 1,000",
                "kvmsys trace --output trace.txt ./hello                   into a file",
            ],
            [page] =
            [
                "kvmsys page dump > page.so                                then: file page.so; readelf -a page.so; objdump -d page.so",
                "kvmsys page disasm --cpuid no-sep                         the page of a CPU without SYSENTER",
                "kvmsys page symbols --json | jq -r '.symbols[].name'",
            ],
            [daemon] =
            [
                "kvmsys daemon                                             until it is asked to stop; then, elsewhere: kvmsys jobs list",
                "kvmsys daemon --listen unix:/run/kvmsys/daemon.sock --state /var/lib/kvmsys",
                "kvmsys daemon --print-unit > /etc/systemd/system/kvmsys.service",
                "kvmsys daemon token create ci --scope submit              for those who ask from elsewhere",
                "kvmsys daemon backup /mnt/backup/jobs.db                  a copy of its database, while it runs",
            ],
            [VerbOf(daemon, DaemonBackupCommand.Name)] =
            [
                "kvmsys daemon backup /mnt/backup/jobs.db                  whether the daemon runs or not",
                "kvmsys daemon backup --state /var/lib/kvmsys jobs-$(date +%F).db",
            ],
            [VerbOf(daemon, DaemonTokenCommand.Name)] =
            [
                "kvmsys daemon token create ci --scope submit --days 365   writes the token, which is shown only then",
                "kvmsys daemon token rotate ci --overlap 24                another one; the old one is good for a day yet",
                "KVMSYS_TOKEN=kvmsys_... kvmsys jobs list --connect https://bench1.example.org:8586",
            ],
            [jobs] =
            [
                "kvmsys jobs submit bench --mechanism sysenter --full      a job; kvmsys jobs watch 1 waits for its end",
                "kvmsys jobs submit run ./hello --wait && kvmsys jobs result 2",
                "kvmsys jobs list --state failed",
                "kvmsys jobs result 1 > bench.json                         then: kvmsys report bench.json --html bench.html",
                "kvmsys jobs regressions                                   what has become dearer, with its evidence",
                "kvmsys jobs drain && reboot                               when nothing is measured any more",
            ],
            [VerbOf(jobs, JobsCommand.Submit)] =
            [
                "kvmsys jobs submit bench --profile host64 --name nightly --priority 5",
                "kvmsys jobs submit --key build-17 bench --full            sent again with this key, it is the same job",
                "kvmsys jobs submit doctor --wait",
            ],
            [VerbOf(jobs, JobsCommand.Schedule)] =
            [
                "kvmsys jobs schedule set nightly --cron '0 3 * * *' bench --mechanism sysenter --full",
                "kvmsys jobs schedule list",
                "kvmsys jobs schedule pause nightly                        until kvmsys jobs schedule resume nightly",
            ],
            [VerbOf(VerbOf(jobs, JobsCommand.Schedule), ScheduleCommand.Set)] =
            [
                "kvmsys jobs schedule set nightly --cron '0 3 * * *' --time-zone Europe/Berlin bench --full",
                "kvmsys jobs schedule set smoke --cron '*/10 8-18 * * MON-FRI' --attempts 1 run ./hello",
                "kvmsys jobs schedule set check-up --cron @daily doctor    @hourly, @weekly, @monthly are known too",
            ],
            [farm] =
            [
                "kvmsys farm init                                          all of it on this host; it tells what to do next",
                "kvmsys farm init --tls farm.example.org,192.0.2.7         for hosts elsewhere",
                "kvmsys farm key create                                    on a host: its key",
                "kvmsys farm key list",
                "kvmsys farm ls                                            the hosts that have joined",
                "kvmsys farm submit --per-cpu --wait bench --mechanism int80 sysenter",
                "kvmsys farm gather 1 --html fleet.html                    what it cost on each CPU model",
                "kvmsys farm regressions                                   what a new kernel has done to which hosts",
            ],
            [VerbOf(farm, FarmAgentCommand.Name)] =
            [
                "kvmsys farm agent --broker tls://farm.example.org:4222 --host bench1 --key agent.nk --ca ca.pem",
            ],
            [VerbOf(farm, FarmControllerCommand.Name)] =
            [
                "kvmsys farm controller --broker nats://127.0.0.1:4222 --key controller.nk",
                "kvmsys farm controller --broker nats://127.0.0.1:4222 --key controller.nk --standby    takes over when the other one ends",
                "kvmsys farm controller ... --standby --ledger 'postgresql://kvmsys@db.example.org/kvmsys?passfile=/etc/kvmsys/pgpass'",
            ],
            [VerbOf(farm, FarmClientCommands.Submit)] =
            [
                "kvmsys farm submit --each doctor                          on every host that is there",
                "kvmsys farm submit --per-cpu --where 'kernel=6.12.*' bench --full",
                "kvmsys farm submit --host bench1 --wait run ./hello",
            ],
            [VerbOf(farm, FarmClientCommands.List)] = ["kvmsys farm ls", "kvmsys farm ls --json | jq -r '.hosts[] | select(.there | not).name'"],
            [VerbOf(farm, FarmClientCommands.Watch)] = ["kvmsys farm watch 12"],
            [VerbOf(farm, FarmGatherCommand.Name)] = ["kvmsys farm gather 12 13 --csv fleet.csv --parquet fleet.parquet", "kvmsys farm gather 12 --html fleet.html --base 'Xeon Gold 6430'"],
            [VerbOf(farm, FarmInitCommand.Name)] =
            [
                "kvmsys farm init --folder ~/farm --listen 127.0.0.1:4300",
                "kvmsys farm init --tls farm.example.org,192.0.2.7",
                "kvmsys farm init --tls-certificate fullchain.pem --tls-key privkey.pem",
            ],
            [VerbOf(farm, FarmKeyCommand.Name)] =
            [
                "kvmsys farm key create                                    on a host: it shows the line that lets it in",
                "kvmsys farm key add bench1 --public U... --cpu GenuineIntel-6-143-8-kvm_intel",
                "kvmsys farm key revoke bench1                             and then let the server read it: nats-server --signal reload",
                "kvmsys farm key list --json | jq -r '.keys[].name'",
            ],
            [VerbOf(farm, FarmConfigureCommand.Name)] = ["kvmsys farm configure", "kvmsys farm configure --server-version 2.11", "kvmsys farm configure --hosts 1000"],
            [VerbOf(page, PageCommand.Dump)] = ["kvmsys page dump > page.so", "kvmsys page dump --hex | less", "kvmsys page dump --mechanism int80 --output int80.so"],
            [VerbOf(page, PageCommand.Disassemble)] = ["kvmsys page disasm", "kvmsys page disasm --mechanism int80"],
            [VerbOf(page, PageCommand.Symbols)] = ["kvmsys page symbols", "kvmsys page symbols --json"],
        });
        return root;

        static Command VerbOf(Command command, string name) => command.Subcommands.Single(verb => verb.Name == name);
    }

    private static CommandFailedException Refusal(ParseResult parsed)
    {
        string command = NameOf(parsed.CommandResult);
        string message = parsed.UnmatchedTokens.Count > 0
            ? $"{Shown.OneLine(parsed.UnmatchedTokens[0])} is no command or option here."
            : Shown.OneLine(parsed.Errors[0].Message);
        return new CommandFailedException(ExitCode.Usage, $"{message} Cure: see {command} --help");
    }

    /// <summary>The command as it is typed: kvmsys, and the verbs behind it.</summary>
    private static string NameOf(CommandResult result) => result.Parent is CommandResult parent ? $"{NameOf(parent)} {result.Command.Name}" : "kvmsys";

    private static int Fail(int exitCode, string message)
    {
        StandardStream.WriteMessage($"kvmsys: {message}\n");
        return exitCode;
    }
}
