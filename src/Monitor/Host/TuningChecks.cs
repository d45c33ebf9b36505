// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Machine;

namespace Kvmsys.Monitor.Host;

/// <summary>
/// What a good measurement wants of a host. The guest runs without any of it: what is not right makes more runs be discarded, or intervals wide.
/// </summary>
public static class TuningChecks
{
    private const string Cpus = "/sys/devices/system/cpu";
    private const string Sysctls = "/proc/sys/kernel";
    private const string SmtName = "SMT";
    private const string SmtControlFile = $"{Cpus}/smt/control";

    /// <summary>Judges a host's tuning.</summary>
    /// <param name="cpu">The CPU that is measured on.</param>
    /// <param name="tuning">How the host is set.</param>
    /// <param name="granted">What it grants the thread that measures.</param>
    public static IReadOnlyList<Check> Of(int cpu, HostTuning tuning, GrantedPlacement granted)
    {
        ArgumentNullException.ThrowIfNull(tuning);
        return
        [
            Isolation(cpu, tuning),
            TimerTick(cpu, tuning),
            Smt(cpu, tuning),
            new Setting(
                "governor",
                $"{Cpus}/cpu*/cpufreq/scaling_governor",
                ["performance"],
                "another than performance changes the core's frequency during a measurement").Judge(tuning.ScalingGovernor),
            Turbo(tuning),
            new Setting(
                "clock source",
                "/sys/devices/system/clocksource/clocksource0/current_clocksource",
                ["tsc"],
                "the TSC is held against the host's clock, and another source is slow to read (why a kernel refuses tsc, dmesg tells)").Judge(tuning.ClockSource),
            new Setting(
                "huge pages",
                "/sys/kernel/mm/transparent_hugepage/enabled",
                ["madvise", "always"],
                "the guest's memory asks for huge pages, so that the CPU walks fewer page tables").Judge(tuning.TransparentHugePages),
            new Setting(
                "KSM",
                "/sys/kernel/mm/ksm/run",
                ["0", "2"],
                "it takes pages away to merge them, and each comes back by a fault",
                FineWithout: true).Judge(tuning.Ksm),
            new Setting(
                "NUMA balancing",
                $"{Sysctls}/numa_balancing",
                ["0"],
                "it takes pages away to see who uses them, and each comes back by a fault",
                FineWithout: true).Judge(tuning.NumaBalancing),
            new Setting(
                "NMI watchdog",
                $"{Sysctls}/nmi_watchdog",
                ["0"],
                "its NMIs make the guest exit, and it takes a performance counter",
                FineWithout: true).Judge(tuning.NmiWatchdog),
            Limit(
                "SCHED_FIFO",
                granted.Fifo,
                "rtprio 1",
                "other threads run in between; grant a container CAP_SYS_NICE, or let the group kvm have it and log in again"),
            Limit(
                "locked memory",
                granted.Locked,
                "memlock unlimited",
                "the guest's memory may be taken away; give a container ulimit -l unlimited, or let the group kvm have it and log in again"),
        ];
    }

    private static Check Isolation(int cpu, HostTuning tuning)
    {
        const string name = "isolated CPU";
        IReadOnlyList<int> isolated = CpuChoice.ParseList(tuning.Isolated);
        return tuning.Isolated == KernelFile.Unreadable ? Unreadable(name, $"/sys/{CpuChoice.IsolatedFile}")
            : isolated.Contains(cpu) ? new(name, true, $"CPU {cpu}")
            : isolated.Count == 0 ? new(name, false, "none", $"other threads run on CPU {cpu} too; for the boot command line: isolcpus={Core(cpu, tuning)}")

            // Linux starts every process off the isolated CPUs.
            : new(name, false, $"{List(isolated)}, and this process may not run there", $"let the control group of this process have {List(isolated)} (cpuset.cpus)");
    }

    private static Check TimerTick(int cpu, HostTuning tuning)
    {
        const string name = "timer tick";
        return tuning.NohzFull == KernelFile.Unreadable ? Unreadable(name, $"{Cpus}/nohz_full")
            : CpuChoice.ParseList(tuning.NohzFull).Contains(cpu) ? new(name, true, $"none on CPU {cpu} while one thread runs")
            : new(
                name,
                false,
                tuning.NohzFull is null ? "on every CPU, the kernel is built without CONFIG_NO_HZ_FULL" : $"on CPU {cpu}",
                $"each tick makes the guest exit; for the boot command line, of a kernel with CONFIG_NO_HZ_FULL: nohz_full={Core(cpu, tuning)} rcu_nocbs={Core(cpu, tuning)}");
    }

    /// <summary>A core's other thread takes half of it. It is idle for certain when it is off, or when the scheduler puts nothing there.</summary>
    private static Check Smt(int cpu, HostTuning tuning)
    {
        if (tuning.ThreadSiblings == KernelFile.Unreadable)
        {
            return Unreadable(SmtName, $"{Cpus}/cpu{cpu}/topology/thread_siblings_list");
        }

        if (tuning.ThreadSiblings is null)
        {
            return new(SmtName, false, $"the kernel does not tell who shares CPU {cpu}'s core");
        }

        int[] siblings = [.. CpuChoice.ParseList(tuning.ThreadSiblings).Where(sibling => sibling != cpu)];
        if (siblings.Length == 0)
        {
            return new(SmtName, true, $"CPU {cpu} has its core to itself");
        }

        string evidence = $"CPU {List(siblings)} shares CPU {cpu}'s core";
        return siblings.All(CpuChoice.ParseList(tuning.Isolated).Contains) ? new(SmtName, true, $"{evidence}, and is isolated too")
            : tuning.SmtControl == "on" ? new(SmtName, false, evidence, "switch SMT off, or isolate both", $"echo off | tee {SmtControlFile}")
            : new(SmtName, false, evidence, "switch SMT off in the firmware's set-up, or isolate both");
    }

    private static Check Turbo(HostTuning tuning)
    {
        const string cure = "it makes the core's frequency depend on its neighbours and on heat";
        return tuning.NoTurbo is not null
            ? new Setting("turbo", $"{Cpus}/intel_pstate/no_turbo", ["1"], cure).Judge(tuning.NoTurbo)
            : new Setting("turbo", $"{Cpus}/cpufreq/boost", ["0"], cure).Judge(tuning.Boost);
    }

    private static Check Limit(string name, bool granted, string limit, string cure) => granted
        ? new(name, true, "granted")
        : new(name, false, "refused", cure, $"echo '@kvm - {limit}' | tee /etc/security/limits.d/kvmsys-{limit.Split(' ')[0]}.conf");

    private static Check Unreadable(string name, string file) => new(name, false, $"{file} is unreadable", "ask again as root, who may read it");

    /// <summary>The CPU and those that share its core, to be isolated together.</summary>
    private static string Core(int cpu, HostTuning tuning) => List([.. CpuChoice.ParseList(tuning.ThreadSiblings).Union([cpu]).Order()]);

    private static string List(IReadOnlyList<int> cpus) => string.Join(',', cpus);

    /// <summary>A setting that is a word in a file.</summary>
    /// <param name="Name">Name of its check.</param>
    /// <param name="File">The file; a pattern when each CPU has its own.</param>
    /// <param name="Wanted">What is right; the first is what mends it.</param>
    /// <param name="Cure">Why something else is not.</param>
    /// <param name="FineWithout">Whether a kernel that was built without it is right; else it cannot be told, and nothing can be changed.</param>
    private sealed record Setting(string Name, string File, string[] Wanted, string Cure, bool FineWithout = false)
    {
        public Check Judge(string? value) => value switch
        {
            null => new(Name, FineWithout, "the kernel shows none"),
            KernelFile.Unreadable => Unreadable(Name, File),
            _ => Wanted.Contains(value)
                ? new(Name, true, $"{Path.GetFileName(File)}: {value}")
                : new(Name, false, $"{Path.GetFileName(File)}: {value}", Cure, $"echo {Wanted[0]} | tee {File}"),
        };
    }
}
