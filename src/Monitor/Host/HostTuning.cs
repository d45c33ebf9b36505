// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Host;

/// <summary>
/// How the host is set, as far as a measurement depends on it. Each text is the kernel's own; null when the kernel does not show it, and
/// "unreadable" when this user may not read it.
/// </summary>
public sealed record HostTuning
{
    /// <summary>The CPU that <see cref="ScalingGovernor"/>, <see cref="ScalingDriver"/>, <see cref="CoreType"/> and <see cref="ThreadSiblings"/> are of.</summary>
    public int? Cpu { get; init; }

    /// <summary>What decides the CPU's frequency, for example performance (cpufreq/scaling_governor).</summary>
    public string? ScalingGovernor { get; init; }

    /// <summary>What sets the CPU's frequency, for example intel_pstate (cpufreq/scaling_driver).</summary>
    public string? ScalingDriver { get; init; }

    /// <summary>Intel's turbo: 1 when it is off (intel_pstate/no_turbo).</summary>
    public string? NoTurbo { get; init; }

    /// <summary>Other drivers' turbo: 0 when it is off (cpufreq/boost).</summary>
    public string? Boost { get; init; }

    /// <summary>Whether any core runs two threads: 1 or 0 (smt/active).</summary>
    public string? SmtActive { get; init; }

    /// <summary>Whether that can be changed: on, off, forceoff, notsupported (smt/control).</summary>
    public string? SmtControl { get; init; }

    /// <summary>The CPUs that are threads of the CPU's core, itself among them, as a list (topology/thread_siblings_list).</summary>
    public string? ThreadSiblings { get; init; }

    /// <summary>The kind of core of a hybrid Intel processor, <see cref="HybridCore.Core"/> or <see cref="HybridCore.Atom"/>; null on others.</summary>
    public string? CoreType { get; init; }

    /// <summary>The performance cores of a hybrid Intel processor, as a list (/sys/devices/cpu_core/cpus).</summary>
    public string? CoreCpus { get; init; }

    /// <summary>The efficient cores of a hybrid Intel processor, as a list (/sys/devices/cpu_atom/cpus).</summary>
    public string? AtomCpus { get; init; }

    /// <summary>The CPUs that the scheduler leaves alone, as a list (isolcpus; cpu/isolated).</summary>
    public string? Isolated { get; init; }

    /// <summary>The CPUs without a timer tick while one thread runs, as a list (nohz_full; cpu/nohz_full).</summary>
    public string? NohzFull { get; init; }

    /// <summary>What the kernel tells the time by, for example tsc (clocksource0/current_clocksource).</summary>
    public string? ClockSource { get; init; }

    /// <summary>Who gets huge pages: always, madvise, never (transparent_hugepage/enabled).</summary>
    public string? TransparentHugePages { get; init; }

    /// <summary>Whether equal pages are merged: 0 when not, 1 when so, 2 when those that were are taken apart again (ksm/run).</summary>
    public string? Ksm { get; init; }

    /// <summary>Whether pages move after the thread that uses them: 0 when not (sysctl kernel.numa_balancing).</summary>
    public string? NumaBalancing { get; init; }

    /// <summary>Whether a performance counter's NMI comes to each CPU: 0 when not (sysctl kernel.nmi_watchdog).</summary>
    public string? NmiWatchdog { get; init; }

    /// <summary>What the kernel says of each vulnerability that it knows, its mitigation included, by name (cpu/vulnerabilities).</summary>
    public required IReadOnlyDictionary<string, string> Vulnerabilities { get; init; }

    /// <summary>Reads the running host.</summary>
    /// <param name="cpu">The CPU that is measured on.</param>
    /// <param name="sys">Where sysfs is.</param>
    /// <param name="proc">Where procfs is.</param>
    public static HostTuning Read(int cpu, string sys = "/sys", string proc = "/proc")
    {
        string cpus = Path.Combine(sys, "devices/system/cpu");
        string thisCpu = Path.Combine(cpus, $"cpu{cpu}");
        string? coreCpus = KernelFile.Read(sys, "devices/cpu_core/cpus");
        string? atomCpus = KernelFile.Read(sys, "devices/cpu_atom/cpus");
        return new()
        {
            Cpu = cpu,
            ScalingGovernor = KernelFile.Read(thisCpu, "cpufreq/scaling_governor"),
            ScalingDriver = KernelFile.Read(thisCpu, "cpufreq/scaling_driver"),
            NoTurbo = KernelFile.Read(cpus, "intel_pstate/no_turbo"),
            Boost = KernelFile.Read(cpus, "cpufreq/boost"),
            SmtActive = KernelFile.Read(cpus, "smt/active"),
            SmtControl = KernelFile.Read(cpus, "smt/control"),
            ThreadSiblings = KernelFile.Read(thisCpu, "topology/thread_siblings_list"),
            CoreType = CpuChoice.ParseList(coreCpus).Contains(cpu) ? HybridCore.Core
                : CpuChoice.ParseList(atomCpus).Contains(cpu) ? HybridCore.Atom
                : HybridCore.Read(cpu),
            CoreCpus = coreCpus,
            AtomCpus = atomCpus,
            Isolated = KernelFile.Read(sys, CpuChoice.IsolatedFile),
            NohzFull = KernelFile.Read(cpus, "nohz_full"),
            ClockSource = KernelFile.Read(sys, "devices/system/clocksource/clocksource0/current_clocksource"),
            TransparentHugePages = Chosen(KernelFile.Read(sys, "kernel/mm/transparent_hugepage/enabled")),
            Ksm = KernelFile.Read(sys, "kernel/mm/ksm/run"),
            NumaBalancing = KernelFile.Read(proc, "sys/kernel/numa_balancing"),
            NmiWatchdog = KernelFile.Read(proc, "sys/kernel/nmi_watchdog"),
            Vulnerabilities = KernelFile.ReadFolder(cpus, "vulnerabilities"),
        };
    }

    /// <summary>Of several words the one in brackets, as in always [madvise] never.</summary>
    private static string? Chosen(string? words) =>
        words?.Split(' ').FirstOrDefault(word => word is ['[', .., ']']) is string chosen ? chosen[1..^1] : words;
}
