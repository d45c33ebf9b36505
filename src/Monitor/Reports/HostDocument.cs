// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Host;

namespace Kvmsys.Monitor.Reports;

/// <summary>A host in JSON.</summary>
public sealed record HostDocument
{
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

    /// <summary>Microcode revision; null when the kernel does not show it.</summary>
    public string? Microcode { get; init; }

    /// <summary>Name of the hypervisor under this host; null on bare metal.</summary>
    public string? Hypervisor { get; init; }

    /// <summary>Kernel release.</summary>
    public required string Kernel { get; init; }

    /// <summary>Module behind /dev/kvm; null when it is not known.</summary>
    public string? KvmModule { get; init; }

    /// <summary>Parameters of KVM's modules.</summary>
    public required IReadOnlyDictionary<string, string> KvmParameters { get; init; }

    /// <summary>How it is set.</summary>
    public required HostTuning Tuning { get; init; }

    /// <summary>The document of a host.</summary>
    public static HostDocument Of(HostEnvironment host) => new()
    {
        CpuVendor = host.Cpu.Vendor,
        CpuBrand = host.Cpu.Brand,
        CpuFamily = host.Cpu.Family,
        CpuModel = host.Cpu.Model,
        CpuStepping = host.Cpu.Stepping,
        Microcode = host.Microcode,
        Hypervisor = host.Cpu.Hypervisor,
        Kernel = host.Kernel,
        KvmModule = host.BackEnd.Module,
        KvmParameters = host.BackEnd.Parameters,
        Tuning = host.Tuning,
    };
}
