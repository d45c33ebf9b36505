// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Guest.Vsyscall;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports.Fleet;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports;

/// <summary>How mechanisms, kernels and verdicts are spelled on the command line and in every report.</summary>
public static class Spelling
{
    /// <summary>For example "int80".</summary>
    public static string Of(EntryMechanism mechanism) => mechanism switch
    {
        EntryMechanism.Empty => "empty",
        EntryMechanism.Call => "call",
        EntryMechanism.Int80 => "int80",
        EntryMechanism.Sysenter => "sysenter",
        EntryMechanism.Vsyscall => "vsyscall",
        EntryMechanism.Syscall => "syscall",
        EntryMechanism.CallGate => "callgate",
        EntryMechanism.InvalidOpcode => "ud",
        EntryMechanism.PageFault => "pf",
        EntryMechanism.Cpuid => "cpuid",
        EntryMechanism.Pio => "pio",
        EntryMechanism.Mmio => "mmio",
        EntryMechanism.Vmcall => "vmcall",
        EntryMechanism.Hlt => "hlt",
        _ => throw new ArgumentOutOfRangeException(nameof(mechanism), mechanism, null),
    };

    /// <summary>For example "swapgs-lfence".</summary>
    public static string Of(Mitigation mitigation) => mitigation switch
    {
        Mitigation.Swapgs => "swapgs",
        Mitigation.SwapgsLfence => "swapgs-lfence",
        Mitigation.Cr3 => "cr3",
        Mitigation.Cr3Global => "cr3-global",
        Mitigation.Cr3Pcid => "cr3-pcid",
        Mitigation.Ibrs => "ibrs",
        Mitigation.Ibpb => "ibpb",
        Mitigation.RsbStuffing => "rsb",
        Mitigation.Verw => "verw",
        _ => throw new ArgumentOutOfRangeException(nameof(mitigation), mitigation, null),
    };

    /// <summary>For example "syscall", or "syscall+ibrs".</summary>
    public static string Of(EntryMechanism mechanism, Mitigation mitigation) =>
        mitigation == Mitigation.None ? Of(mechanism) : $"{Of(mechanism)}+{Of(mitigation)}";

    /// <summary>For example "syscall on bare64".</summary>
    public static string NameOf(MechanismResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return $"{Of(result.Mechanism, result.Mitigation)} on {Of(result.Profile)}";
    }

    /// <summary>For example "linux26".</summary>
    public static string Of(KernelProfile profile) => profile switch
    {
        KernelProfile.Bare => "bare",
        KernelProfile.Linux26 => "linux26",
        KernelProfile.Bare64 => "bare64",
        KernelProfile.Compatibility => "compat",
        KernelProfile.Fred64 => "fred64",
        KernelProfile.Host32 => "host32",
        KernelProfile.Host64 => "host64",
        _ => throw new ArgumentOutOfRangeException(nameof(profile), profile, null),
    };

    /// <summary>For example "hardware-nested".</summary>
    public static string Of(Verdict verdict) => verdict switch
    {
        Verdict.Emulated => "emulated",
        Verdict.HardwareNested => "hardware-nested",
        Verdict.Hardware => "hardware",
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, null),
    };

    /// <summary>The verdict that is spelled so.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static Verdict VerdictOf(string spelling) => Enum.GetValues<Verdict>().First(verdict => Of(verdict) == spelling);

    /// <summary>For example "sysenter".</summary>
    public static string Of(VsyscallVariant variant) => variant switch
    {
        VsyscallVariant.Int80 => "int80",
        VsyscallVariant.Sysenter => "sysenter",
        _ => throw new ArgumentOutOfRangeException(nameof(variant), variant, null),
    };

    /// <summary>For example "slower".</summary>
    public static string Of(Finding finding) => finding switch
    {
        Finding.Same => "same",
        Finding.Slower => "slower",
        Finding.Faster => "faster",
        Finding.Undecided => "undecided",
        _ => throw new ArgumentOutOfRangeException(nameof(finding), finding, null),
    };

    /// <summary>For example "hull".</summary>
    public static string Of(FleetInterval interval) => interval switch
    {
        FleetInterval.Sessions => "sessions",
        FleetInterval.Hull => "hull",
        FleetInterval.Benches => "benches",
        _ => throw new ArgumentOutOfRangeException(nameof(interval), interval, null),
    };

    /// <summary>For example "host-interrupt".</summary>
    public static string Of(GateReason reason) => reason switch
    {
        GateReason.EmulatedInstruction => "emulated-instruction",
        GateReason.UnexpectedExit => "unexpected-exit",
        GateReason.PageFault => "page-fault",
        GateReason.Signal => "signal",
        GateReason.HostInterrupt => "host-interrupt",
        GateReason.Noise => "noise",
        GateReason.ChainRatio => "chain-ratio",
        GateReason.ClockDrift => "clock-drift",
        GateReason.SlowTimer => "slow-timer",
        GateReason.NoPlateau => "no-plateau",
        GateReason.Preempted => "preempted",
        GateReason.Migrated => "migrated",
        GateReason.TscRate => "tsc-rate",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, null),
    };

    /// <summary>The reason that is spelled so; null for none.</summary>
    public static GateReason? GateReasonOf(string spelling) =>
        Enum.GetValues<GateReason>().Where(reason => reason != GateReason.None && Of(reason) == spelling).Cast<GateReason?>().FirstOrDefault();

    /// <summary>What to do against a reason for not counting a run.</summary>
    public static string CureOf(GateReason reason) => reason switch
    {
        GateReason.EmulatedInstruction => "measure on a host whose KVM emulates nothing here (kvmsys doctor)",
        GateReason.UnexpectedExit => "see the statistics that --json tells; stop perf and the NMI watchdog: sysctl kernel.nmi_watchdog=0",
        GateReason.PageFault => "keep the guest's memory in RAM: ulimit -l unlimited; stop KSM and NUMA balancing: sysctl kernel.numa_balancing=0",
        GateReason.Signal => "send this process no signals",
        GateReason.HostInterrupt => "give the measurement a CPU without a timer tick: boot with isolcpus=N nohz_full=N, and choose it with --cpu N",
        GateReason.Noise => "keep the CPU's other thread (SMT) and its neighbours idle",
        GateReason.ChainRatio => "keep the CPU's other thread (SMT) idle: echo off > /sys/devices/system/cpu/smt/control",
        GateReason.ClockDrift => "keep the clock steady: cpupower frequency-set -g performance, and turbo off",
        GateReason.SlowTimer => "measure on a host whose KVM does not intercept RDTSC",
        GateReason.NoPlateau => "keep the clock steady and the host quiet",
        GateReason.Preempted => "give the measurement a CPU of its own (isolcpus=N, --cpu N), or let it use SCHED_FIFO: ulimit -r 1",
        GateReason.Migrated => "give the measurement a CPU of its own: --cpu N",
        GateReason.TscRate => "see whether the kernel trusts this TSC: dmesg | grep -i tsc",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, null),
    };

    /// <summary>The verdict's worth in a sentence.</summary>
    public static string Explain(Verdict verdict) => verdict switch
    {
        Verdict.Emulated => "not proved that a CPU executed the program: what it did is right, what it cost is no CPU's figure",
        Verdict.HardwareNested => "the CPU executed the program, under another hypervisor: entries cost what they cost on the CPU, VM exits do not",
        Verdict.Hardware => "the CPU executed the program",
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, null),
    };
}
