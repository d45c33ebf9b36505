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
    private const string AllMitigations = "all";

    private static readonly Mitigation[] Mitigations = [.. Enum.GetValues<Mitigation>().Where(mitigation => mitigation != Mitigation.None)];
    private static readonly EntryMechanism[] Mechanisms = Enum.GetValues<EntryMechanism>();
    private static readonly KernelProfile[] Profiles = Enum.GetValues<KernelProfile>();
    private static readonly KernelProfile[] GuestProfiles = [.. Profiles.Where(profile => !IsOnHost(profile))];

    // What "--on" takes.
    private const string OnKvm = "kvm";
    private const string OnHost = "host";

    /// <summary>The command.</summary>
    public static Command Create()
    {
        string[] all = [.. Mechanisms.Select(Spelling.Of)];
        Option<string[]> mechanisms = Choice("--mechanism", "Ways into the kernel; all when not given.", all, all);
        Option<string[]> on = Choice(
            "--on",
            "Where: in guests of KVM's, or as processes of this host's own Linux, whatever it does on an entry; or both, to see what it adds.",
            [OnKvm, OnHost],
            [OnKvm]);
        Option<string[]> profiles = Choice(
            "--profile",
            "The kernel: how much it does on each entry, and in which mode; all guests' when not given.",
            [.. Profiles.Select(Spelling.Of)],
            [.. GuestProfiles.Select(Spelling.Of)]);
        Option<string[]> mitigations = Choice(
            "--mitigation",
            "What a kernel does on an entry of bare64 or compat against an attack: measure it too, one at a time, and tell what it adds.",
            [AllMitigations, .. Mitigations.Select(Spelling.Of)],
            []);
        Option<bool> quick = new("--quick") { Description = "At most 2 s a mechanism; what is done when nothing is said." };
        Option<bool> full = new("--full") { Description = "At most 60 s a mechanism, for a figure to publish." };
        Option<int?> sessions = Number("--sessions", "Times that every machine is made anew.", Protocol.MostSessions);
        Option<int?> runs = Number("--runs", "Runs of each mechanism and alignment in a session.", Protocol.MostRuns);
        Option<int?> cpu = CommonOptions.Cpu();
        Option<bool> showEmulated = CommonOptions.ShowEmulated();
        Option<bool> checkKnown = new("--check-known") { Description = "Hold the figures against those that are known of this CPU; exit with 1 when one is off." };
        Option<string?> history = BenchHistory.Option();
        Option<bool> noHistory = new("--no-history") { Description = "Keep nothing in the history." };
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
        PageOptions pages = new();
        Command command = new("bench", "Measure what entering a kernel costs: every mechanism that the CPU has, and controls beside them.")
        {
            mechanisms, profiles, on, mitigations, quick, full, sessions, runs, cpu, showEmulated, checkKnown, history, noHistory, seed, timeout, device,
        };
        foreach ((Option<bool> option, _) in formats)
        {
            command.Add(option);
        }

        pages.AddTo(command, result => formats.FirstOrDefault(format => result.GetValue(format.Option)).Option?.Name);
        command.Validators.Add(result =>
        {
            if (result.GetResult(on) is { Implicit: false } && result.GetResult(profiles) is { Implicit: false })
            {
                result.AddError("--on and --profile exclude each other: --on host is --profile host32 host64.");
            }

            if (result.GetValue(quick) && result.GetValue(full))
            {
                result.AddError("--quick and --full exclude each other.");
            }

            if (result.GetValue(noHistory) && result.GetValue(history) is not null)
            {
                result.AddError("--history and --no-history exclude each other.");
            }

            string[] given = [.. formats.Where(format => result.GetValue(format.Option)).Select(format => format.Option.Name)];
            if (given.Length > 1)
            {
                result.AddError($"{string.Join(" and ", given)} exclude each other.");
            }
        });
        command.SetAction(parsed =>
        {
            using PageFiles files = pages.Prepare(parsed);
            return Run(RequestOf(parsed), files);
        });
        return command;

        BenchRequest RequestOf(ParseResult parsed)
        {
            string[] places = parsed.GetValue(on)!;
            string[] kernels = parsed.GetValue(profiles)!;
            string[] steps = parsed.GetValue(mitigations)!;
            return new BenchRequest
            {
                Profiles =
                [
                    .. Profiles.Where(profile => parsed.GetResult(on) is { Implicit: false }
                        ? places.Contains(IsOnHost(profile) ? OnHost : OnKvm)
                        : kernels.Contains(Spelling.Of(profile))),
                ],
                Mechanisms = [.. Mechanisms.Where(mechanism => parsed.GetValue(mechanisms)!.Contains(Spelling.Of(mechanism)))],
                NamesMechanisms = parsed.GetResult(mechanisms) is { Implicit: false },
                Mitigations = [.. Mitigations.Where(mitigation => steps.Contains(AllMitigations) || steps.Contains(Spelling.Of(mitigation)))],
                Protocol = parsed.GetValue(full) ? Protocol.Full : parsed.GetValue(quick) ? Protocol.Quick : null,
                Sessions = parsed.GetValue(sessions),
                Runs = parsed.GetValue(runs),
                Cpu = parsed.GetValue(cpu),
                ShowEmulated = parsed.GetValue(showEmulated),
                CheckKnown = parsed.GetValue(checkKnown),
                KeepsHistory = !parsed.GetValue(noHistory),
                History = parsed.GetValue(history),
                Seed = CommonOptions.SeedOrRandom(parsed.GetValue(seed)),
                Timeout = TimeSpan.FromSeconds(parsed.GetValue(timeout)),
                Device = parsed.GetValue(device)!,
                Format = formats.FirstOrDefault(format => parsed.GetValue(format.Option)).Format,
            };
        }
    }

    private static Option<int?> Number(string name, string description, int max) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => CommonOptions.ParseNumber(result, 1, max),
    };

    private static bool IsOnHost(KernelProfile profile) => new EntryPath(profile, EntryMechanism.Empty).IsOnHost;

    private static Option<string[]> Choice(string name, string description, string[] values, string[] defaults)
    {
        Option<string[]> option = new(name)
        {
            Description = description,
            HelpName = string.Join('|', values),
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => defaults,
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

    private static int Run(BenchRequest request, PageFiles files)
    {
        request.RefuseWhatNoKernelHas();

        HostEnvironment host = HostEnvironment.Read(request.Cpu);
        using Interruption interruption = new();
        using MeasurementLock held = Terminal.TakeLock(interruption);
        using EntryAccess access = new(request.Device, host, request.Paths, interruption);
        BenchPlan plan = BenchPlan.Of(request.Paths, request.ProtocolOn(access.Checkup), request.Seed, access.AbsenceOf);
        if (plan.Mechanisms.Count == 0)
        {
            throw EntryAccess.NothingIsHere(plan.Absent);
        }

        VcpuPlacement placement = KvmAccess.PlacementOn(request.Cpu);
        Bench bench = new(host, plan, (path, seed) => access.Make(path, seed, placement));
        CommandFailedException? failure = null;
        long start = Stopwatch.GetTimestamp();
        try
        {
            Terminal.Measuring(plan.Runs, progress => bench.Run(request.Timeout, () => progress?.Invoke(bench.RunsDone), interruption.Token));
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
        try
        {
            Report(report, request.Format, files);
        }
        finally
        {
            // What standard output does not take is not lost.
            if (request.KeepsHistory)
            {
                BenchHistory.Keep(report, request.History);
            }
        }

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
                .FirstOrDefault(result => (result.Profile, result.Mechanism, result.Mitigation) == (cost.Profile, cost.Mechanism, Mitigation.None) && report.Shows(result))?.Cycles?.Estimate.Value;
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
            $"unstable: {result.Discards.Share:P0} of {Spelling.NameOf(result)} had to be discarded, most of it for {Spelling.Of(cause)}. Cure: {Spelling.CureOf(cause)}.");
    }

    private static void Report(BenchReport report, BenchFormat format, PageFiles files)
    {
        try
        {
            files.Write(BenchDocument.Of(report));
        }
        finally
        {
            if (!files.TakeStandardOutput)
            {
                Report(report, format);
            }
        }
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
            .ToLookup(report.Shows, Spelling.NameOf);
        string emulated = missing[false].Any()
            ? $"kvmsys: no figure of {string.Join(", ", missing[false])}: emulated. Cure: measure on a CPU, or have it all the same with --show-emulated.\n"
            : "";
        string unknown = missing[true].Any()
            ? $"kvmsys: no time of {string.Join(", ", missing[true])}: nothing is left that counts, or KVM does not tell the TSC's rate. Cure: see --json.\n"
            : "";
        return emulated + unknown;
    }
}
