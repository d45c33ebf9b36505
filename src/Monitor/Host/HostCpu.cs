// SPDX-License-Identifier: MIT

using System.Diagnostics;
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
/// <param name="Vmx">Whether it has VT-x.</param>
/// <param name="Svm">Whether it has SVM.</param>
public sealed record HostCpu(
    string Vendor, string Brand, int Family, int Model, int Stepping, string? Hypervisor, bool Vmx = false, bool Svm = false)
{
    private const int FeatureLeaf = 1;
    private const int HypervisorLeaf = 0x40000000;
    private const int LastBrandLeaf = unchecked((int)0x80000004);
    private const int FirstBrandLeaf = unchecked((int)0x80000002);
    private const int ExtendedLeaves = unchecked((int)0x80000000);

    // Leaf 1, ECX bit 31: no real CPU sets it.
    private const int HypervisorBit = 31;

    // Leaf 1, ECX; leaf 0x80000001, ECX.
    private const int VmxBit = 5;
    private const int SvmBit = 2;
    private const int ExtendedFeatureLeaf = unchecked((int)0x80000001);

    // CPUID takes 100 to 250 core cycles; under a hypervisor it always exits, which no host does in less than 1000.
    private const int CpuidTries = 100;
    private static readonly TimeSpan LongestCpuid = TimeSpan.FromMicroseconds(0.5);

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
        else if (CpuidExits())
        {
            hypervisor = "";
        }

        bool svm = (uint)X86Base.CpuId(ExtendedLeaves, 0).Eax >= unchecked((uint)ExtendedFeatureLeaf)
            && (X86Base.CpuId(ExtendedFeatureLeaf, 0).Ecx >> SvmBit & 1) != 0;
        return new HostCpu(
            identity.Vendor, ReadBrand(), identity.Family, identity.Model, identity.Stepping, hypervisor, (features >> VmxBit & 1) != 0, svm);
    }

    /// <summary>Whether a hypervisor that hides itself is betrayed by the time that CPUID takes.</summary>
    private static bool CpuidExits()
    {
        TimeSpan shortest = TimeSpan.MaxValue;
        for (int i = 0; i < CpuidTries; i++)
        {
            long start = Stopwatch.GetTimestamp();
            _ = X86Base.CpuId(0, 0);
            TimeSpan time = Stopwatch.GetElapsedTime(start);
            shortest = time < shortest ? time : shortest;
        }

        return shortest > LongestCpuid;
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
