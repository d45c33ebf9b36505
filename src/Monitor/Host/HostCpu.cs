// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;
using Kvmsys.Guest.Cpu;

namespace Kvmsys.Monitor.Host;

/// <summary>What the CPU under this process says of itself by CPUID.</summary>
/// <param name="Vendor">Vendor, for example GenuineIntel.</param>
/// <param name="Brand">Brand string.</param>
/// <param name="Family">Family, the extended part included.</param>
/// <param name="Model">Model, the extended part included.</param>
/// <param name="Stepping">Stepping.</param>
/// <param name="Hypervisor">
/// The twelve characters by which a hypervisor names itself in leaf 0x40000000; empty when it does not name itself; null on bare metal.
/// </param>
public sealed record HostCpu(string Vendor, string Brand, int Family, int Model, int Stepping, string? Hypervisor)
{
    private const int FeatureLeaf = 1;
    private const int HypervisorLeaf = 0x40000000;
    private const int LastBrandLeaf = unchecked((int)0x80000004);
    private const int FirstBrandLeaf = unchecked((int)0x80000002);
    private const int ExtendedLeaves = unchecked((int)0x80000000);

    // Leaf 1, ECX bit 31: no real CPU sets it.
    private const int HypervisorBit = 31;

    /// <summary>Asks the CPU.</summary>
    public static HostCpu Read()
    {
        (_, int ebx, int ecx, int edx) = X86Base.CpuId(0, 0);
        (int signature, _, int features, int featuresEdx) = X86Base.CpuId(FeatureLeaf, 0);
        CpuIdentity identity = CpuIdentity.FromCpuid(Text(ebx, edx, ecx), (uint)signature, (uint)featuresEdx);
        string? hypervisor = null;
        if ((features >> HypervisorBit & 1) != 0)
        {
            (_, ebx, ecx, edx) = X86Base.CpuId(HypervisorLeaf, 0);
            hypervisor = Text(ebx, ecx, edx);
        }

        return new HostCpu(identity.Vendor, ReadBrand(), identity.Family, identity.Model, identity.Stepping, hypervisor);
    }

    private static string ReadBrand()
    {
        if ((uint)X86Base.CpuId(ExtendedLeaves, 0).Eax < unchecked((uint)LastBrandLeaf))
        {
            return "";
        }

        StringBuilder brand = new();
        for (int leaf = FirstBrandLeaf; leaf <= LastBrandLeaf; leaf++)
        {
            (int eax, int ebx, int ecx, int edx) = X86Base.CpuId(leaf, 0);
            brand.Append(Text(eax, ebx, ecx, edx));
        }

        return brand.ToString().Trim();
    }

    private static string Text(params ReadOnlySpan<int> registers) =>
        Encoding.ASCII.GetString(MemoryMarshal.AsBytes(registers)).TrimEnd('\0');
}
