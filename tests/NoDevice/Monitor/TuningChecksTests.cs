// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Reports;
using Kvmsys.Native.Linux;
using Spectre.Console;

namespace Kvmsys.Tests.NoDevice.Monitor;

public sealed class TuningChecksTests
{
    private static readonly GrantedPlacement All = new(MadeUpHost.Cpu, Fifo: true, HugePages: true, Locked: true);
    private static readonly GrantedPlacement Nothing = new(MadeUpHost.Cpu, Fifo: false, HugePages: false, Locked: false);

    private static readonly string[] Names =
    [
        "isolated CPU", "timer tick", "SMT", "governor", "turbo", "clock source", "huge pages", "KSM", "NUMA balancing", "NMI watchdog", "SCHED_FIFO",
        "locked memory",
    ];

    [Fact]
    public void A_tuned_host_passes_and_has_nothing_to_mend()
    {
        using MadeUpHost host = MadeUpHost.Tuned();
        IReadOnlyList<Check> checks = Of(host, All);
        Assert.Equal(Names, checks.Select(check => check.Name));
        Assert.All(checks, check => Assert.True(check is { Passed: true, Cure: null, Command: null }, $"{check}"));
        Assert.Equal("", FixScript.Of(checks));
    }

    [Fact]
    public void An_untuned_host_fails_each_and_each_has_its_cure()
    {
        using MadeUpHost host = MadeUpHost.Untuned();
        IReadOnlyList<Check> checks = Of(host, Nothing);
        Assert.Equal(Names, checks.Select(check => check.Name));
        Assert.All(checks, check => Assert.True(check is { Passed: false, Cure: not null }, $"{check}"));
        Assert.Equal(
            [
                "echo off | tee /sys/devices/system/cpu/smt/control",
                "echo performance | tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
                "echo 1 | tee /sys/devices/system/cpu/intel_pstate/no_turbo",
                "echo tsc | tee /sys/devices/system/clocksource/clocksource0/current_clocksource",
                "echo madvise | tee /sys/kernel/mm/transparent_hugepage/enabled",
                "echo 0 | tee /sys/kernel/mm/ksm/run",
                "echo 0 | tee /proc/sys/kernel/numa_balancing",
                "echo 0 | tee /proc/sys/kernel/nmi_watchdog",
                "echo '@kvm - rtprio 1' | tee /etc/security/limits.d/kvmsys-rtprio.conf",
                "echo '@kvm - memlock unlimited' | tee /etc/security/limits.d/kvmsys-memlock.conf",
            ],
            Commands(checks));
    }

    [Fact]
    public void Each_command_has_its_comment_and_the_boot_command_line_is_a_comment_alone()
    {
        using MadeUpHost host = MadeUpHost.Untuned();
        string[] lines = FixScript.Of(Of(host, Nothing)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Names, lines.Where(line => line.StartsWith('#')).Select(line => line[2..line.IndexOf(':', StringComparison.Ordinal)]));
        Assert.All(
            lines.Index().Where(line => !line.Item.StartsWith('#')),
            line => Assert.StartsWith("# ", lines[line.Index - 1], StringComparison.Ordinal));
        Assert.EndsWith("for the boot command line: isolcpus=3,7", lines[0], StringComparison.Ordinal);
        Assert.EndsWith("for the boot command line, of a kernel with CONFIG_NO_HZ_FULL: nohz_full=3,7 rcu_nocbs=3,7", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void The_commands_mend_what_they_are_for()
    {
        using MadeUpHost host = MadeUpHost.Untuned();
        string script = FixScript.Of(Of(host, All))
            .Replace(" /sys/", $" {host.Root}/sys/", StringComparison.Ordinal)
            .Replace(" /proc/", $" {host.Root}/proc/", StringComparison.Ordinal);

        // They must not reach this host.
        Assert.All(script.Split('\n').Where(line => line is not ("" or ['#', ..])), line => Assert.Matches($"^echo \\w+ \\| tee {host.Root}/\\S+$", line));
        using Process shell = Process.Start(new ProcessStartInfo("sh", ["-euc", script]) { RedirectStandardOutput = true })!;
        shell.StandardOutput.ReadToEnd();
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);

        // What is left needs a boot, or the kernel to take the second thread away.
        Assert.Equal(["isolated CPU", "timer tick", "SMT"], Failed(Of(host, All)));
        Assert.Equal("performance", host.Read(cpu: 0).ScalingGovernor);
        Assert.Equal("off", host.Read().SmtControl);
    }

    [Fact]
    public void A_kernel_that_shows_nothing_has_no_commands()
    {
        using MadeUpHost host = MadeUpHost.Bare();
        IReadOnlyList<Check> checks = Of(host, All);

        // What such a kernel lacks is off; what it does not tell is not known to be right.
        Assert.Equal(["isolated CPU", "timer tick", "SMT", "governor", "turbo", "clock source", "huge pages"], Failed(checks));
        Assert.Empty(Commands(checks));
        Assert.Equal(["isolated CPU", "timer tick"], checks.Where(check => check.Cure is not null).Select(check => check.Name));
    }

    [Fact]
    public void What_cannot_be_read_is_not_taken_for_right_and_has_no_commands()
    {
        using MadeUpHost host = MadeUpHost.Unreadable();
        IReadOnlyList<Check> checks = Of(host, All);
        Assert.Equal(Names[..^2], Failed(checks));
        Assert.All(checks.Take(Names.Length - 2), check => Assert.EndsWith(" is unreadable", check.Evidence, StringComparison.Ordinal));
        Assert.Empty(Commands(checks));
    }

    [Theory]
    [InlineData("0", true, null)]
    [InlineData("1", false, "echo 0 | tee /sys/devices/system/cpu/cpufreq/boost")]
    public void Turbo_without_intel_pstate(string boost, bool passed, string? command)
    {
        using MadeUpHost host = MadeUpHost.Tuned().Without($"{MadeUpHost.Cpus}/intel_pstate/no_turbo").With($"{MadeUpHost.Cpus}/cpufreq/boost", boost);
        Check turbo = Of(host, All).Single(check => check.Name == "turbo");
        Assert.Equal((passed, command), (turbo.Passed, turbo.Command));
    }

    [Theory]
    [InlineData("3,7", "3,7", "on", true, null)]
    [InlineData("3,7", "3", "on", false, "echo off | tee /sys/devices/system/cpu/smt/control")]
    [InlineData("3,7,11", "3,7", "on", false, "echo off | tee /sys/devices/system/cpu/smt/control")]
    [InlineData("3,7", "3", "notimplemented", false, null)]
    [InlineData("3", "", "on", true, null)]
    public void The_other_thread_of_the_core_is_off_or_isolated(string siblings, string isolated, string control, bool passed, string? command)
    {
        using MadeUpHost host = MadeUpHost.Tuned()
            .With($"{MadeUpHost.Cpus}/cpu3/topology/thread_siblings_list", siblings)
            .With($"{MadeUpHost.Cpus}/isolated", isolated)
            .With($"{MadeUpHost.Cpus}/smt/control", control);
        Check smt = Of(host, All).Single(check => check.Name == "SMT");
        Assert.Equal((passed, command), (smt.Passed, smt.Command));
    }

    [Theory]
    [InlineData("[always] madvise never", "0")]
    [InlineData("always [madvise] never", "2")]
    public void What_is_as_good_passes_too(string hugePages, string ksm)
    {
        using MadeUpHost host = MadeUpHost.Tuned().With("sys/kernel/mm/transparent_hugepage/enabled", hugePages).With("sys/kernel/mm/ksm/run", ksm);
        Assert.Empty(Failed(Of(host, All)));
    }

    [Fact]
    public void Isolated_CPUs_on_which_this_process_may_not_run_need_no_boot()
    {
        using MadeUpHost host = MadeUpHost.Tuned().With($"{MadeUpHost.Cpus}/isolated", "5-6");
        Check isolation = Of(host, All)[0];
        Assert.False(isolation.Passed);
        Assert.Equal("let the control group of this process have 5,6 (cpuset.cpus)", isolation.Cure);
        Assert.Null(isolation.Command);
    }

    [Fact]
    public void A_line_break_in_the_kernels_text_does_not_end_a_comment()
    {
        using MadeUpHost host = MadeUpHost.Tuned().With("sys/kernel/mm/ksm/run", "1\ntouch me");
        Assert.Equal(["# KSM: run: 1 touch me; it takes pages away to merge them, and each comes back by a fault", "echo 0 | tee /sys/kernel/mm/ksm/run", ""], FixScript.Of(Of(host, All)).Split('\n'));
    }

    [Fact]
    public void What_is_not_tuned_is_told_beside_the_checkup_and_is_no_obstacle()
    {
        using MadeUpHost host = MadeUpHost.Untuned();
        IReadOnlyList<Check> tuning = Of(host, Nothing);
        Checkup checkup = Checkup.Of("/dev/no-such-kvm", HostEnvironment.Read());
        Assert.Equal("device", checkup.Obstacle!.Name);
        DoctorDocument document = DoctorDocument.Of(checkup, tuning);
        Assert.Equal(["device"], document.Checks.Select(check => check.Name));
        Assert.Same(tuning, document.Tuning);

        using StringWriter table = new();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(table) });
        console.Profile.Width = 300;
        console.Write(DoctorTable.Render(checkup, tuning));
        Assert.All(Commands(tuning), command => Assert.Contains($": {command} ", table.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_granted_is_tried_on_another_thread()
    {
        IReadOnlyList<int> before = ThreadScheduling.AllowedCpus;
        Assert.Equal(before[^1], new VcpuPlacement(before[^1]).Try(4 << 20).Cpu);
        Assert.Equal(before, ThreadScheduling.AllowedCpus);
    }

    private static IReadOnlyList<Check> Of(MadeUpHost host, GrantedPlacement granted) => TuningChecks.Of(MadeUpHost.Cpu, host.Read(), granted);

    private static IEnumerable<string> Failed(IEnumerable<Check> checks) => checks.Where(check => !check.Passed).Select(check => check.Name);

    private static IEnumerable<string> Commands(IEnumerable<Check> checks) => checks.Select(check => check.Command).OfType<string>();
}
