// SPDX-License-Identifier: MIT

using System.CommandLine;
using HdrHistogram;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;
using Kvmsys.Native;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys latency.</summary>
internal static class LatencyCommand
{
    private const long DefaultCalls = 100_000;
    private const long MaxCalls = 1_000_000_000;

    // HdrHistogram's own text: lines between two halvings of the rest.
    private const int TicksPerHalfDistance = 5;

    /// <summary>The command.</summary>
    public static Command Create()
    {
        Option<string> mechanism = CommonOptions.OneOf(
            "--mechanism", "The way into the kernel.", [.. Enum.GetValues<EntryMechanism>().Select(Spelling.Of)], Spelling.Of(EntryMechanism.Int80));
        Option<string> profile = CommonOptions.OneOf(
            "--profile", "The kernel; host32 and host64 are this host's own Linux.", [.. Enum.GetValues<KernelProfile>().Select(Spelling.Of)], Spelling.Of(KernelProfile.Bare));
        Option<long> calls = new("--calls", "-n")
        {
            Description = "Calls to time, each on its own.",
            HelpName = "N",
            DefaultValueFactory = _ => DefaultCalls,
            CustomParser = result => CommonOptions.ParseNumber(result, 1, MaxCalls),
        };
        Option<int?> cpu = CommonOptions.Cpu();
        Option<bool> showEmulated = CommonOptions.ShowEmulated();
        Option<int?> seed = CommonOptions.Seed();
        Option<int> timeout = CommonOptions.Timeout();
        Option<string> device = CommonOptions.Device();
        Option<bool> json = CommonOptions.Json();
        Option<bool> histogram = new("--hgrm") { Description = "Write the mechanism's percentiles in nanoseconds as HdrHistogram's plotters read them." };
        Command command = new("latency", "Time calls one by one and drop none: percentiles, a histogram, and what the tail is made of.")
        {
            mechanism, profile, calls, cpu, showEmulated, seed, timeout, device, json, histogram,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(json) && result.GetValue(histogram))
            {
                result.AddError("--json and --hgrm exclude each other.");
            }
        });
        command.SetAction(parsed => Run(
            new EntryPath(
                Enum.GetValues<KernelProfile>().Single(value => Spelling.Of(value) == parsed.GetValue(profile)),
                Enum.GetValues<EntryMechanism>().Single(value => Spelling.Of(value) == parsed.GetValue(mechanism))),
            new Request(
                parsed.GetValue(calls),
                parsed.GetValue(cpu),
                parsed.GetValue(showEmulated),
                CommonOptions.SeedOrRandom(parsed.GetValue(seed)),
                TimeSpan.FromSeconds(parsed.GetValue(timeout)),
                parsed.GetValue(device)!,
                parsed.GetValue(json),
                parsed.GetValue(histogram))));
        return command;
    }

    private static int Run(EntryPath path, Request request)
    {
        if (!EntryPath.ProfilesOf(path.Mechanism).Contains(path.Profile))
        {
            throw EntryAccess.NoSuchEntry(path.Mechanism, "latency");
        }

        HostEnvironment host = HostEnvironment.Read(request.Cpu);
        using Interruption interruption = new();
        using MeasurementLock held = Terminal.TakeLock(interruption);
        using EntryAccess access = new(request.Device, host, [path], interruption);
        if (access.AbsenceOf(path) is string absence)
        {
            throw EntryAccess.NothingIsHere([new(path.Profile, path.Mechanism, absence)]);
        }

        VcpuPlacement placement = KvmAccess.PlacementOn(request.Cpu);
        List<LatencyResult> results = [];
        GrantedPlacement placed = default;
        CommandFailedException? failure = null;
        foreach (EntryPath measured in new[] { path with { Mechanism = EntryMechanism.Empty }, path }.Distinct().TakeWhile(_ => failure is null))
        {
            try
            {
                using IMeasuredProgram program = access.Make(measured, request.Seed, placement, callsInRound: 1);
                placed = program.Placed;
                Latency latency = new(host, measured, program);
                failure = Measure(latency, request, interruption);
                if (latency.Samples > 0)
                {
                    results.Add(latency.Result());
                }
            }
            catch (KvmException exception)
            {
                failure = KvmAccess.Explain(exception);
            }
        }

        // What has been measured is reported, whatever came then.
        if (results.Count > 0)
        {
            LatencyReport report = new()
            {
                Host = host,
                Path = path,
                CallsWanted = request.Calls,
                Results = results,
                Placed = placed,
                Seed = request.Seed,
                ShowEmulated = request.ShowEmulated,
            };
            CommandFailedException? objection = Report(report, request);
            failure ??= objection;
        }

        return failure is null ? ExitCode.Done : throw failure;
    }

    /// <summary>Measures one path.</summary>
    /// <returns>What ended it early; null for nothing.</returns>
    private static CommandFailedException? Measure(Latency latency, Request request, Interruption interruption)
    {
        try
        {
            Terminal.Measuring(
                request.Calls,
                progress => latency.Run(request.Calls, request.Timeout, () => progress?.Invoke(latency.Samples), interruption.Token));
            return null;
        }
        catch (KvmException exception)
        {
            return KvmAccess.Explain(exception);
        }
        catch (GuestStoppedException exception)
        {
            return KvmAccess.Explain(exception, interruption, cure: "give it more with --timeout");
        }
    }

    /// <summary>Writes the report.</summary>
    /// <returns>Why it cannot be written so; null when it is.</returns>
    private static CommandFailedException? Report(LatencyReport report, Request request)
    {
        if (request.Json)
        {
            Terminal.WriteJson(LatencyDocument.Of(report), KvmsysJson.Default.LatencyDocument);
        }
        else if (request.Histogram)
        {
            return WriteHistogram(report);
        }
        else
        {
            Terminal.Write(LatencyTable.Render(report));
        }

        return null;
    }

    private static CommandFailedException? WriteHistogram(LatencyReport report)
    {
        // The format has no place for a name: it is the mechanism's, or nothing.
        if (report.Results[^1] is not LatencyResult result || result.Path != report.Path)
        {
            return null;
        }

        if (!report.ShowsFigures || result.TscKhz is not int rate)
        {
            return new CommandFailedException(
                ExitCode.CannotRunGuest,
                report.ShowsFigures
                    ? "KVM does not tell the TSC's rate, and so there are no nanoseconds. Cure: take the ticks of --json."
                    : "no time is a CPU's: emulated. Cure: measure on a CPU, or have it all the same with --show-emulated.");
        }

        using StringWriter text = new() { NewLine = "\n" };
        result.Ticks.OutputPercentileDistribution(text, TicksPerHalfDistance, rate / 1e6);
        StandardStream.WriteResults(text.ToString());
        return null;
    }

    private sealed record Request(long Calls, int? Cpu, bool ShowEmulated, int Seed, TimeSpan Timeout, string Device, bool Json, bool Histogram);
}
