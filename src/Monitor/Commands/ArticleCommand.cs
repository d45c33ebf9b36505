// SPDX-License-Identifier: MIT

using System.CommandLine;
using System.Globalization;
using Kvmsys.Guest;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Linux;
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
        using MeasurementLock held = Terminal.TakeLock(interruption);
        GuestCpuid cpuid = GuestCpuid.Of(kvm);
        CallMeasurement measurement = new(kvm, cpuid, host);
        I386Guest guest = I386Guest.Build(new I386GuestOptions
        {
            Program = new CallLoop(EntryMechanism.Vsyscall).Assemble(KernelProfile.Linux26),
            Profile = KernelProfile.Linux26,
            Cpu = cpuid.Identity,
            Seed = seed,
        });
        ArticlePrograms programs = new(kvm, cpuid, seed, vsyscall: null, timeout, interruption.Token);

        Say("[bold]1. Detect[/]", DetectLine(cpuid.Identity));
        Say("[bold]2. Allocate[/]", string.Create(CultureInfo.InvariantCulture, $"a free frame for the page: physical 0x{guest.Image.FixmapPages[0].PhysicalAddress:x8} (seed {seed})"));
        PageWalk walk = ArticleReport.WalkOf(guest);
        Say("[bold]3. Map[/]", [$"virtual 0x{walk.LinearAddress:x8}", .. walk.Steps]);
        PageReport page = PageCommand.Report(InGuest(programs.DumpPage));
        Say(
            "[bold]4. Dump[/]",
            string.Create(CultureInfo.InvariantCulture, $"a program in the guest copies the page and writes it: {page.Bytes.Length} bytes"),
            page.Elf.Kind,
            page.HeaderFacts);
        Say("[bold]5. Disassemble[/]", [.. page.EntryCode]);
        CallResult int80 = Measure(EntryMechanism.Int80);
        Say($"[bold]6. {calls:N0} calls by int $0x80[/]", Cost(int80, guest.Pid));
        ArticleReport report = new(host, cpuid.Identity, guest, page, int80, Vsyscall: null);
        CommandFailedException? failure = null;
        try
        {
            report = report with { Vsyscall = Measure(EntryMechanism.Vsyscall) };
            Say($"[bold]7. {calls:N0} calls by call 0xffffe400[/]", Cost(report.Vsyscall, guest.Pid));
        }
        catch (CommandFailedException exception)
        {
            failure = exception;
        }

        // What has been measured is reported, whatever came then.
        if (!json)
        {
            Terminal.Write(ArticleTable.Render(report));
        }

        if (failure is null)
        {
            try
            {
                report = report with { HelloWorld = HelloWorld(InGuest(programs.PrintHelloWorld)) };
                Say("[bold]9. Fixmap your own Hello,World[/]", HelloWorldLines(report.HelloWorld));
            }
            catch (CommandFailedException exception)
            {
                failure = exception;
            }
        }

        if (json)
        {
            Terminal.WriteJson(ArticleDocument.Of(report), KvmsysJson.Default.ArticleDocument);
        }

        return failure is null ? ExitCode.Done : throw failure;

        ProgramOutput InGuest(Func<ProgramOutput> run)
        {
            try
            {
                return run();
            }
            catch (GuestStoppedException exception)
            {
                throw KvmAccess.Explain(exception, interruption, cure: "give it more with --timeout");
            }
            catch (KvmException exception)
            {
                throw KvmAccess.Explain(exception);
            }
        }

        CallResult Measure(EntryMechanism mechanism)
        {
            try
            {
                return measurement.Run(new EntryPath(KernelProfile.Linux26, mechanism), calls, seed, timeout, interruption.Token);
            }
            catch (GuestStoppedException exception)
            {
                throw KvmAccess.Explain(exception, interruption);
            }
        }

        void Say(string step, params string[] lines)
        {
            if (!json)
            {
                Terminal.Write(new Rows([new Markup(step), .. lines.Select(line => new Text($"   {line}"))]));
            }
        }
    }

    private static string DetectLine(CpuIdentity cpu) => string.Create(
        CultureInfo.InvariantCulture,
        $"{cpu}: the page gets {(cpu.HasSysenter ? "SYSENTER" : "INT 0x80")}");

    /// <summary>What was printed, when it is what the article's reader got.</summary>
    private static HelloWorldReport HelloWorld(ProgramOutput output)
    {
        HelloWorldReport report = new(output.Bytes, output.Program, output.Guest);
        return report is { IsRight: true, ProgramHoldsText: false }
            ? report
            : throw new CommandFailedException(ExitCode.InternalFault, $"the program that should print Hello,World printed: {Shown.OneLine(report.Text)}");
    }

    private static string[] HelloWorldLines(HelloWorldReport report) =>
    [
        string.Create(
            CultureInfo.InvariantCulture,
            $"a second page: virtual 0x{report.Page.VirtualAddress:x8}, physical 0x{report.Page.PhysicalAddress:x8}"),
        string.Create(
            CultureInfo.InvariantCulture,
            $"a program of {report.ProgramBytes} bytes, which do not hold the text, prints it: {report.Text}"),
    ];

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
