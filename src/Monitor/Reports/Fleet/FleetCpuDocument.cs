// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>A CPU model of a comparison in JSON.</summary>
public sealed record FleetCpuDocument
{
    /// <summary>What it is called in this document: its brand, and what tells it from the others.</summary>
    public required string Name { get; init; }

    /// <summary>Vendor of the CPU.</summary>
    public required string CpuVendor { get; init; }

    /// <summary>Brand string of the CPU.</summary>
    public required string CpuBrand { get; init; }

    /// <summary>Family, extended part included.</summary>
    public required int CpuFamily { get; init; }

    /// <summary>Model, extended part included.</summary>
    public required int CpuModel { get; init; }

    /// <summary>Stepping.</summary>
    public required int CpuStepping { get; init; }

    /// <summary>The kind of core of a hybrid processor; null on others.</summary>
    public string? CoreType { get; init; }

    /// <summary>Microcode revision; null when the kernel does not show it.</summary>
    public string? Microcode { get; init; }

    /// <summary>Kernel release.</summary>
    public required string Kernel { get; init; }

    /// <summary>What the kernel says of each vulnerability that it knows, its mitigation included.</summary>
    public required IReadOnlyDictionary<string, string> Vulnerabilities { get; init; }

    /// <summary>Names of its hosts.</summary>
    public required IReadOnlyList<string> Hosts { get; init; }

    /// <summary>The document of a model.</summary>
    public static FleetCpuDocument Of(CpuModel cpu)
    {
        ArgumentNullException.ThrowIfNull(cpu);
        HostDocument host = cpu.Host;
        return new()
        {
            Name = cpu.Name,
            CpuVendor = host.CpuVendor,
            CpuBrand = host.CpuBrand,
            CpuFamily = host.CpuFamily,
            CpuModel = host.CpuModel,
            CpuStepping = host.CpuStepping,
            CoreType = host.Tuning.CoreType,
            Microcode = host.Microcode,
            Kernel = host.Kernel,
            Vulnerabilities = host.Tuning.Vulnerabilities,
            Hosts = cpu.HostNames,
        };
    }
}
