// SPDX-License-Identifier: MIT

using System.CommandLine;
using Kvmsys.Guest.Cpu;
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
    // Some seconds in all where software executes the guest, and less than one on a CPU.
    private const uint DefaultCalls = 1_000_000;

    private static readonly EntryMechanism[] Mechanisms = Enum.GetValues<EntryMechanism>();
    private static readonly KernelProfile[] Profiles = Enum.GetValues<KernelProfile>();

    /// <summary>The command.</summary>
    public static Command Create()
    {
        Option<string[]> mechanisms = Choice("--mechanism", "Ways into the kernel; all when not given.", [.. Mechanisms.Select(Spelling.Of)]);
        Option<string[]> profiles = Choice("--profile", "How much the guest's kernel does on each entry; both when not given.", [.. Profiles.Select(Spelling.Of)]);
        Option<uint> calls = CommonOptions.Calls(DefaultCalls);
        Option<int?> seed = CommonOptions.Seed();
        Option<int> timeout = CommonOptions.Timeout();
        Option<string> device = CommonOptions.Device();
        Option<bool> json = CommonOptions.Json();
        Command command = new("bench", "Measure what entering a kernel costs: INT 0x80 against SYSENTER, and the loop alone.")
        {
            mechanisms, profiles, calls, seed, timeout, device, json,
        };
        command.SetAction(parsed => Run(
            Plan(parsed.GetValue(profiles)!, parsed.GetValue(mechanisms)!, parsed.GetValue(calls), CommonOptions.SeedOrRandom(parsed.GetValue(seed))),
            TimeSpan.FromSeconds(parsed.GetValue(timeout)),
            parsed.GetValue(device)!,
            parsed.GetValue(json)));
        return command;
    }

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

    private static CallPlan[] Plan(string[] profiles, string[] mechanisms, uint calls, int seed) =>
    [
        .. from profile in Profiles
           where profiles.Contains(Spelling.Of(profile))
           from mechanism in Mechanisms
           where mechanisms.Contains(Spelling.Of(mechanism))
           select new CallPlan(profile, mechanism, calls, seed),
    ];

    private static int Run(CallPlan[] plans, TimeSpan timeout, string device, bool json)
    {
        HostEnvironment host = HostEnvironment.Read();
        using Kvm kvm = KvmAccess.OpenForGuest(device, host);
        GuestCpuid cpuid = GuestCpuid.Of(kvm);
        plans = OnlyPossible(plans, cpuid.Identity);
        CallMeasurement measurement = new(kvm, cpuid, host);
        using Interruption interruption = new();
        List<CallResult> results = [];
        CommandFailedException? failure = null;
        try
        {
            Measure(plans, plan => results.Add(measurement.Run(plan, timeout, interruption.Token)));
        }
        catch (GuestStoppedException exception)
        {
            failure = KvmAccess.Explain(exception, interruption);
        }

        // What has been measured is reported, whatever came then.
        if (results.Count > 0)
        {
            Report(new BenchReport(host, results, plans.Length), json);
        }

        return failure is null ? ExitCode.Done : throw failure;
    }

    /// <summary>The plans without those that need what the CPU lacks, which is said.</summary>
    private static CallPlan[] OnlyPossible(CallPlan[] plans, CpuIdentity cpu)
    {
        CallPlan[] possible = [.. plans.Where(plan => plan.IsPossibleOn(cpu))];
        if (possible.Length == plans.Length)
        {
            return plans;
        }

        string lacking = $"sysenter cannot be measured, the guest's CPU has none ({cpu})";
        if (possible.Length == 0)
        {
            throw new CommandFailedException(ExitCode.CannotRunGuest, $"{lacking}. Cure: measure --mechanism int80 vsyscall.");
        }

        StandardStream.WriteMessage($"kvmsys: {lacking}; the other mechanisms are.\n");
        return possible;
    }

    private static void Measure(CallPlan[] plans, Action<CallPlan> measure)
    {
        if (Terminal.Progress() is not IAnsiConsole console)
        {
            Array.ForEach(plans, measure);
            return;
        }

        console.Progress().AutoClear(true).Start(progress =>
        {
            ProgressTask task = progress.AddTask("measuring", maxValue: plans.Length);
            foreach (CallPlan plan in plans)
            {
                task.Description = $"{Spelling.Of(plan.Mechanism)}, {Spelling.Of(plan.Profile)}";
                measure(plan);
                task.Increment(1);
            }
        });
    }

    private static void Report(BenchReport report, bool json)
    {
        if (json)
        {
            Terminal.WriteJson(BenchDocument.Of(report), KvmsysJson.Default.BenchDocument);
        }
        else
        {
            Terminal.Write(BenchTable.Render(report));
        }
    }
}
