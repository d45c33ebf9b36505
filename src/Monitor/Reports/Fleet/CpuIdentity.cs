// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>What two benches must have in common to be of one CPU model: all on which an entry's cost depends and of which a host tells.</summary>
/// <param name="Brand">Brand string of the CPU.</param>
/// <param name="Signature">Its vendor, family, model and stepping.</param>
/// <param name="CoreType">The kind of core of a hybrid processor; null on others.</param>
/// <param name="Microcode">Microcode revision; null when the kernel does not show it.</param>
/// <param name="Kernel">Kernel release.</param>
/// <param name="Mitigations">What the kernel says of each vulnerability, a line each; null when it says nothing.</param>
public sealed record CpuIdentity(string Brand, string Signature, string? CoreType, string? Microcode, string Kernel, string? Mitigations)
{
    /// <summary>The CPU of a host.</summary>
    public static CpuIdentity Of(HostDocument host)
    {
        ArgumentNullException.ThrowIfNull(host);
        return new(
            host.CpuBrand,
            CpuName.SignatureOf(host),
            host.Tuning.CoreType,
            host.Microcode,
            host.Kernel,
            BenchFigures.MitigationsOf(host.Tuning.Vulnerabilities));
    }
}
