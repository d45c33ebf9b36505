// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Host;

/// <summary>Everything about the host that a result may depend on.</summary>
/// <param name="Version">Version of kvmsys.</param>
/// <param name="Cpu">The CPU.</param>
/// <param name="Microcode">Microcode revision as the kernel shows it; null when it does not.</param>
/// <param name="Kernel">Kernel release.</param>
/// <param name="BackEnd">What stands behind /dev/kvm.</param>
public sealed record HostEnvironment(string Version, HostCpu Cpu, string? Microcode, string Kernel, KvmBackEnd BackEnd)
{
    /// <summary>How it is set.</summary>
    public HostTuning Tuning { get; init; } = new() { Vulnerabilities = new Dictionary<string, string>() };

    /// <summary>Reads the running host.</summary>
    /// <param name="measuredCpu">The CPU that is measured on; null for the one that is best for it.</param>
    public static HostEnvironment Read(int? measuredCpu = null)
    {
        HostCpu cpu = HostCpu.Read();
        return new(
            typeof(HostEnvironment).Assembly.GetName().Version!.ToString(fieldCount: 3),
            cpu,
            ReadMicrocode("/proc/cpuinfo"),
            File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
            KvmBackEnd.Read(cpu))
        {
            Tuning = HostTuning.Read(measuredCpu ?? CpuChoice.Read().Best),
        };
    }

    private static string? ReadMicrocode(string cpuinfo) => File.ReadLines(cpuinfo)
        .Select(line => line.Split(':', count: 2, StringSplitOptions.TrimEntries))
        .FirstOrDefault(field => field is ["microcode", _])?[1];
}
