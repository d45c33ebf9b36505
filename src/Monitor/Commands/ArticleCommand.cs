// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Globalization;
using Kvmsys.Guest;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;
using Kvmsys.Native;
using Spectre.Console;

namespace Kvmsys.Monitor.Commands;

/// <summary>kvmsys article.</summary>
internal static class ArticleCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        Option<uint> calls = CommonOptions.Calls(ArticleReport.ArticleCalls);
        Option<int?> seed = CommonOptions.Seed();
        Option<int> timeout = CommonOptions.Timeout();
        Option<string> device = CommonOptions.Device();
        Option<bool> json = CommonOptions.Json();
        Command command = new("article", "Make the 2005 experiment again, step by step, with today's numbers beside 2005's.") { calls, seed, timeout, device, json };
        command.SetAction(parsed => Run(
            parsed.GetValue(calls),
            CommonOptions.SeedOrRandom(parsed.GetValue(seed)),
            TimeSpan.FromSeconds(parsed.GetValue(timeout)),
            parsed.GetValue(device)!,
            parsed.GetValue(json)));
        return command;
    }

    private static int Run(uint calls, int seed, TimeSpan timeout, string device, bool json)
    {
        HostEnvironment host = HostEnvironment.Read();
        using Kvm kvm = KvmAccess.OpenForGuest(device, host);
        using Interruption interruption = new();
        GuestCpuid cpuid = GuestCpuid.Of(kvm);
        CallMeasurement measurement = new(kvm, cpuid, host);
        I386Guest guest = I386Guest.Build(new I386GuestOptions
        {
            Program = new CallLoop(EntryMechanism.Vsyscall, calls).Assemble(KernelProfile.Linux26),
            Profile = KernelProfile.Linux26,
            Cpu = cpuid.Identity,
            Seed = seed,
        });

        Say("[bold]1. Detect[/]", DetectLine(cpuid.Identity));
        Say("[bold]2. Allocate[/]", string.Create(CultureInfo.InvariantCulture, $"a free frame for the page: physical 0x{guest.Image.FixmapPages[0].PhysicalAddress:x8} (seed {seed})"));
        PageWalk walk = ArticleReport.WalkOf(guest);
        Say("[bold]3. Map[/]", $"virtual 0x{walk.LinearAddress:x8}", [.. walk.Steps, .. ArticleReport.CodeOf(guest)]);
        CallResult int80 = Measure(EntryMechanism.Int80);
        Say($"[bold]4. {calls:N0} calls by int $0x80[/]", Cost(int80, guest.Pid));
        CallResult? vsyscall = null;
        CommandFailedException? failure = null;
        try
        {
            vsyscall = Measure(EntryMechanism.Vsyscall);
            Say($"[bold]5. {calls:N0} calls by call 0xffffe400[/]", Cost(vsyscall, guest.Pid));
        }
        catch (CommandFailedException exception)
        {
            failure = exception;
        }

        // What has been measured is reported, whatever came then.
        ArticleReport report = new(host, cpuid.Identity, guest, int80, vsyscall);
        if (json)
        {
            Terminal.WriteJson(ArticleDocument.Of(report), KvmsysJson.Default.ArticleDocument);
        }
        else
        {
            Terminal.Write(ArticleTable.Render(report));
        }

        return failure is null ? ExitCode.Done : throw failure;

        CallResult Measure(EntryMechanism mechanism)
        {
            try
            {
                return measurement.Run(new CallPlan(KernelProfile.Linux26, mechanism, calls, seed), timeout, interruption.Token);
            }
            catch (GuestStoppedException exception)
            {
                throw KvmAccess.Explain(exception, interruption);
            }
        }

        void Say(string step, string result, params string[] more)
        {
            if (!json)
            {
                Terminal.Write(new Rows([new Markup(step), .. more.Prepend(result).Select(line => new Text($"   {line}"))]));
            }
        }
    }

    private static string DetectLine(CpuIdentity cpu) => string.Create(
        CultureInfo.InvariantCulture,
        $"{cpu.Vendor} family {cpu.Family} model {cpu.Model} stepping {cpu.Stepping}, SEP {(cpu.Sep ? "set" : "clear")}: the page gets {(cpu.HasSysenter ? "SYSENTER" : "INT 0x80")}");

    private static string Cost(CallResult result, uint pid)
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        string emulated = result.Proof.Verdict == Verdict.Emulated ? " (emulated)" : "";
        string time = result.Nanoseconds is double nanoseconds
            ? string.Create(invariant, $"{nanoseconds / 1e9:N3} s, {result.NanosecondsPerCall:N1} ns a call")
            : string.Create(invariant, $"{result.TicksPerCall:N1} TSC ticks a call");
        return string.Create(invariant, $"{time}{emulated}; got pid = {result.Pid}, actual pid = {pid}");
    }
}
