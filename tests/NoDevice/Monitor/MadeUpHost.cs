// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Host;

namespace Kvmsys.Tests.NoDevice.Monitor;

/// <summary>A /sys and a /proc of our own making, of a host with four cores of two threads: CPU 3 and CPU 7 are one core.</summary>
internal sealed class MadeUpHost : IDisposable
{
    public const int Cpu = 3;
    public const string Cpus = "sys/devices/system/cpu";

    private static readonly Dictionary<string, (string Tuned, string Untuned)> Files = new()
    {
        [$"{Cpus}/cpu0/cpufreq/scaling_governor"] = ("performance", "powersave"),
        [$"{Cpus}/cpu3/cpufreq/scaling_governor"] = ("performance", "powersave"),
        [$"{Cpus}/cpu3/cpufreq/scaling_driver"] = ("intel_pstate", "intel_pstate"),
        [$"{Cpus}/intel_pstate/no_turbo"] = ("1", "0"),
        [$"{Cpus}/smt/active"] = ("0", "1"),
        [$"{Cpus}/smt/control"] = ("off", "on"),
        [$"{Cpus}/cpu3/topology/thread_siblings_list"] = ("3", "3,7"),
        [$"{Cpus}/isolated"] = ("2-3", ""),
        [$"{Cpus}/nohz_full"] = ("2-3", "(null)"),
        [$"{Cpus}/vulnerabilities/meltdown"] = ("Not affected", "Mitigation: PTI"),
        [$"{Cpus}/vulnerabilities/spectre_v1"] = ("Mitigation: usercopy/swapgs barriers", "Vulnerable"),
        ["sys/devices/system/clocksource/clocksource0/current_clocksource"] = ("tsc", "hpet"),
        ["sys/kernel/mm/transparent_hugepage/enabled"] = ("always [madvise] never", "always madvise [never]"),
        ["sys/kernel/mm/ksm/run"] = ("0", "1"),
        ["proc/sys/kernel/numa_balancing"] = ("0", "1"),
        ["proc/sys/kernel/nmi_watchdog"] = ("0", "1"),
    };

    public string Root { get; } = Directory.CreateTempSubdirectory("kvmsys-test-").FullName;

    public static MadeUpHost Bare() => new();

    public static MadeUpHost Tuned() => Bare().With(Files.Select(file => (file.Key, file.Value.Tuned)));

    public static MadeUpHost Untuned() => Bare().With(Files.Select(file => (file.Key, file.Value.Untuned)));

    /// <summary>A folder in each file's place: nobody can read it, root neither.</summary>
    public static MadeUpHost Unreadable()
    {
        MadeUpHost host = new();
        foreach (string file in Files.Keys)
        {
            Directory.CreateDirectory(Path.Combine(host.Root, file));
        }

        return host;
    }

    public MadeUpHost With(string file, string text) => With([(file, text)]);

    public MadeUpHost Without(string file)
    {
        File.Delete(Path.Combine(Root, file));
        return this;
    }

    public HostTuning Read(int cpu = Cpu) => HostTuning.Read(cpu, Path.Combine(Root, "sys"), Path.Combine(Root, "proc"));

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private MadeUpHost With(IEnumerable<(string File, string Text)> files)
    {
        foreach ((string file, string text) in files)
        {
            string path = Path.Combine(Root, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, text + "\n");
        }

        return this;
    }
}
