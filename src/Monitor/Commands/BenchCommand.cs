// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;
using Kvmsys.Native;
using Spectre.Console;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys bench.</summary>
internal static class BenchCommand
{
    /// <summary>Sessions that a bench may have.</summary>
    public const int MaxSessions = 1000;

    private const int MaxRuns = 100_000;

    private static readonly EntryMechanism[] Mechanisms = Enum.GetValues<EntryMechanism>();
    private static readonly KernelProfile[] Profiles = Enum.GetValues<KernelProfile>();

    /// <summary>The command.</summary>
    public static Command Create()
    {
        Option<string[]> mechanisms = Choice("--mechanism", "Ways into the kernel; all when not given.", [.. Mechanisms.Select(Spelling.Of)]);
        Option<string[]> profiles = Choice("--profile", "The guest's kernel: how much it does on each entry, and in which mode; all when not given.", [.. Profiles.Select(Spelling.Of)]);
        Option<bool> quick = new("--quick") { Description = "At most 2 s a mechanism; what is done when nothing is said." };
        Option<bool> full = new("--full") { Description = "At most 60 s a mechanism, for a figure to publish." };
        Option<int?> sessions = Number("--sessions", "Times that every machine is made anew.", MaxSessions);
        Option<int?> runs = Number("--runs", "Runs of each mechanism and alignment in a session.", MaxRuns);
        Option<int?> cpu = new("--cpu")
        {
            Description = "The host's CPU to measure on; the last that is isolated, or else the last, when not given.",
            HelpName = "N",
            CustomParser = result => CommonOptions.ParseNumber(result, 0, int.MaxValue),
        };
        Option<bool> showEmulated = new("--show-emulated") { Description = "Show figures of software too, each marked as one." };
        Option<bool> checkKnown = new("--check-known") { Description = "Hold the figures against those that are known of this CPU; exit with 1 when one is off." };
        Option<int?> seed = CommonOptions.Seed();
        Option<int> timeout = CommonOptions.Timeout();
        Option<string> device = CommonOptions.Device();
        (Option<bool> Option, BenchFormat Format)[] formats =
        [
            (CommonOptions.Json(), BenchFormat.Json),
            (new("--csv") { Description = "Write comma-separated values." }, BenchFormat.Csv),
            (new("--markdown") { Description = "Write a table in Markdown." }, BenchFormat.Markdown),
            (new("--google-benchmark") { Description = "Write Google Benchmark's JSON, for its tools/compare.py." }, BenchFormat.GoogleBenchmark),
            (new("--benchfmt") { Description = "Write the text of Go's benchmarks, for benchstat." }, BenchFormat.GoBenchmark),
        ];
        Command command = new("bench", "Measure what entering a kernel costs: every mechanism that the CPU has, and controls beside them.")
        {
            mechanisms, profiles, quick, full, sessions, runs, cpu, showEmulated, checkKnown, seed, timeout, device,
        };
        foreach ((Option<bool> option, _) in formats)
        {
            command.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (result.GetValue(quick) && result.GetValue(full))
            {
                result.AddError("--quick and --full exclude each other.");
            }

            string[] given = [.. formats.Where(format => result.GetValue(format.Option)).Select(format => format.Option.Name)];
            if (given.Length > 1)
            {
                result.AddError($"{string.Join(" and ", given)} exclude each other.");
            }
        });
        command.SetAction(parsed => Run(parsed.GetResult(mechanisms) is { Implicit: false }, new Request(
            parsed.GetValue(profiles)!,
            parsed.GetValue(mechanisms)!,
            parsed.GetValue(full) ? Protocol.Full : parsed.GetValue(quick) ? Protocol.Quick : null,
            parsed.GetValue(sessions),
            parsed.GetValue(runs),
            parsed.GetValue(cpu),
            parsed.GetValue(showEmulated),
            parsed.GetValue(checkKnown),
            CommonOptions.SeedOrRandom(parsed.GetValue(seed)),
            TimeSpan.FromSeconds(parsed.GetValue(timeout)),
            parsed.GetValue(device)!,
            formats.FirstOrDefault(format => parsed.GetValue(format.Option)).Format)));
        return command;
    }

    private static Option<int?> Number(string name, string description, int max) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => CommonOptions.ParseNumber(result, 1, max),
    };

    private static Option<string[]> Choice(string name, string description, string[] values)
    {
        Option<string[]> option = new(name)
        {
            Description = description,
            HelpName = string.Join('|', values),
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => values,
            CustomParser = result =>
            {
                string[] given = [.. result.Tokens.Select(token => token.Value)];
                if (given.FirstOrDefault(value => !values.Contains(value)) is string unknown)
                {
                    result.AddError($"{name} {unknown}: one of {string.Join(", ", values)} is needed.");
                }

                return given;
            },
        };
        option.CompletionSources.Add(values);
        return option;
    }

    /// <summary>Who asks for a mechanism by name is not to miss it in silence.</summary>
    private static void RefuseWhatNoProfileHas(Request request)
    {
        foreach (EntryMechanism mechanism in Mechanisms.Where(mechanism => request.MechanismNames.Contains(Spelling.Of(mechanism))))
        {
            string[] having = [.. EntryPath.ProfilesOf(mechanism).Select(Spelling.Of)];
            if (!having.Intersect(request.ProfileNames).Any())
            {
                throw new CommandFailedException(
                    ExitCode.Usage,
                    $"--mechanism {Spelling.Of(mechanism)} needs --profile {string.Join(" or ", having)}. Cure: see kvmsys bench --help");
            }
        }
    }

    private static int Run(bool byName, Request request)
    {
        if (byName)
        {
            RefuseWhatNoProfileHas(request);
        }

        HostEnvironment host = HostEnvironment.Read(request.Cpu);
        Checkup checkup = KvmAccess.CheckGuest(request.Device, host);
        using Kvm kvm = Kvm.Open(request.Device);
        GuestCpuid cpuid = GuestCpuid.Of(kvm);
        BenchPlan plan = BenchPlan.Of(request.Mechanisms, request.ProtocolOn(checkup), request.Seed, cpuid.Identity);
        if (plan.Mechanisms.Count == 0)
        {
            throw new CommandFailedException(
                ExitCode.CannotRunGuest,
                $"nothing is left to measure: {string.Join("; ", plan.Absent.Select(absent => $"{Spelling.Of(absent.Mechanism)} on {Spelling.Of(absent.Profile)}: {absent.Reason}"))}. Cure: measure --mechanism int80.");
        }

        VcpuPlacement placement = KvmAccess.PlacementOn(request.Cpu);
        Bench bench = new(kvm, cpuid, host, plan, placement);
        using Interruption interruption = new();
        CommandFailedException? failure = null;
        long start = Stopwatch.GetTimestamp();
        try
        {
            Measure(plan, progress => bench.Run(request.Timeout, progress, interruption.Token));
        }
        catch (GuestStoppedException exception)
        {
            failure = KvmAccess.Explain(exception, interruption, cure: "give it more with --timeout");
        }
        catch (KvmException exception)
        {
            failure = KvmAccess.Explain(exception);
        }

        // What has been measured is reported, whatever came then.
        IReadOnlyList<MechanismResult> results = bench.Results();
        if (results.Count == 0)
        {
            throw failure!;
        }

        BenchReport report = new()
        {
            Host = host,
            Plan = plan,
            Results = results,
            RunsDone = bench.RunsDone,
            Placed = bench.Placed,
            SetUpTime = bench.SetUpTime,
            GuestTime = bench.GuestTime,
            Elapsed = Stopwatch.GetElapsedTime(start),
            ShowEmulated = request.ShowEmulated,
        };
        Report(report, request.Format);
        failure ??= report.Unstable.FirstOrDefault() is MechanismResult unstable ? Unstable(unstable) : null;
        failure ??= request.CheckKnown ? CheckKnown(report) : null;
        return failure is null ? ExitCode.Done : throw failure;
    }

    /// <summary>Says on standard error how the figures stand to what is known of the CPU.</summary>
    /// <returns>What is wrong; null when all that is known agrees.</returns>
    internal static CommandFailedException? CheckKnown(BenchReport report)
    {
        KnownCost[] known = [.. KnownCost.Of(report.Host.Cpu)];
        if (known.Length == 0)
        {
            StandardStream.WriteMessage("kvmsys: nothing is known of this CPU; docs/MEASUREMENT.md has what is known of which.\n");
        }

        List<string> off = [];
        foreach (KnownCost cost in known)
        {
            string name = $"{Spelling.Of(cost.Mechanism)} on {Spelling.Of(cost.Profile)}";
            double? measured = report.Results
                .FirstOrDefault(result => (result.Profile, result.Mechanism) == (cost.Profile, cost.Mechanism) && report.Shows(result))?.Cycles?.Estimate.Value;
            string found = measured is not double cycles ? "was not measured"
                : string.Create(CultureInfo.InvariantCulture, $"takes {cycles:N1} core cycles, which {(cost.AgreesWith(cycles) ? "agrees" : "does not agree")}");
            StandardStream.WriteMessage(string.Create(CultureInfo.InvariantCulture, $"kvmsys: {name} {found}; {cost.CoreCycles} are known: {cost.Source}\n"));
            if (measured is double value && !cost.AgreesWith(value))
            {
                off.Add(name);
            }
        }

        return off.Count == 0
            ? null
            : new CommandFailedException(
                ExitCode.Regression,
                string.Create(CultureInfo.InvariantCulture, $"more than {100 * KnownCost.Tolerance} % from what is known: {string.Join(", ", off)}. Cure: see whether the host is tuned (kvmsys doctor), or whether microcode has changed the cost."));
    }

    private static CommandFailedException Unstable(MechanismResult result)
    {
        GateReason cause = result.Discards.Reasons.MaxBy(reason => reason.Value).Key;
        return new CommandFailedException(
            ExitCode.Unstable,
            $"unstable: {result.Discards.Share:P0} of {Spelling.Of(result.Mechanism)} on {Spelling.Of(result.Profile)} had to be discarded, most of it for {Spelling.Of(cause)}. Cure: {Spelling.CureOf(cause)}.");
    }

    private static void Measure(BenchPlan plan, Action<Action?> measure)
    {
        if (Terminal.Progress() is not IAnsiConsole console)
        {
            measure(null);
            return;
        }

        console.Progress().AutoClear(true).Start(progress =>
        {
            ProgressTask task = progress.AddTask("measuring", maxValue: plan.Runs);
            measure(() => task.Increment(1));
        });
    }

    private static void Report(BenchReport report, BenchFormat format)
    {
        switch (format)
        {
            case BenchFormat.Json:
                Terminal.WriteJson(BenchDocument.Of(report), KvmsysJson.Default.BenchDocument);
                break;
            case BenchFormat.Csv:
                StandardStream.WriteResults(BenchCsv.Render(report));
                break;
            case BenchFormat.Markdown:
                StandardStream.WriteResults(BenchMarkdown.Render(report));
                break;
            case BenchFormat.GoogleBenchmark:
                Terminal.WriteJson(GoogleBenchmarkDocument.Of(report), KvmsysJson.Default.GoogleBenchmarkDocument);
                StandardStream.WriteMessage(OmissionsOf(report));
                break;
            case BenchFormat.GoBenchmark:
                StandardStream.WriteResults(GoBenchmarkText.Render(report));
                StandardStream.WriteMessage(OmissionsOf(report));
                break;
            default:
                Terminal.Write(BenchTable.Render(report));
                break;
        }
    }

    /// <summary>Why a format that knows no gap lacks some of the results, a line for each reason; empty when it has them all.</summary>
    internal static string OmissionsOf(BenchReport report)
    {
        ILookup<bool, string> missing = report.Results.Except(report.Timed)
            .ToLookup(report.Shows, result => $"{Spelling.Of(result.Mechanism)} on {Spelling.Of(result.Profile)}");
        string emulated = missing[false].Any()
            ? $"kvmsys: no figure of {string.Join(", ", missing[false])}: emulated. Cure: measure on a CPU, or have it all the same with --show-emulated.\n"
            : "";
        string unknown = missing[true].Any()
            ? $"kvmsys: no time of {string.Join(", ", missing[true])}: nothing is left that counts, or KVM does not tell the TSC's rate. Cure: see --json.\n"
            : "";
        return emulated + unknown;
    }

    /// <summary>What was asked for on the command line.</summary>
    private sealed record Request(
        string[] ProfileNames,
        string[] MechanismNames,
        Protocol? Protocol,
        int? Sessions,
        int? Runs,
        int? Cpu,
        bool ShowEmulated,
        bool CheckKnown,
        int Seed,
        TimeSpan Timeout,
        string Device,
        BenchFormat Format)
    {
        public (KernelProfile Profile, EntryMechanism Mechanism)[] Mechanisms =>
        [
            .. from profile in Profiles
               where ProfileNames.Contains(Spelling.Of(profile))
               from mechanism in BenchCommand.Mechanisms
               where MechanismNames.Contains(Spelling.Of(mechanism))
               select (profile, mechanism),
        ];

        /// <summary>
        /// The protocol that was asked for. Where it is known beforehand that no figure will be shown, and nothing was asked, one run of each
        /// shows what there is to show.
        /// </summary>
        public Protocol ProtocolOn(Checkup checkup)
        {
            Protocol protocol = Protocol
                ?? (checkup.Proof?.Verdict == Verdict.Emulated && !ShowEmulated ? Measurement.Protocol.Functional : Measurement.Protocol.Quick);
            return protocol with { Sessions = Sessions ?? protocol.Sessions, Runs = Runs ?? protocol.Runs };
        }
    }
}
