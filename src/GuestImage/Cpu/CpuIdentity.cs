// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Cpu;

/// <summary>What a guest reads about its CPU before it chooses how to enter the kernel: the parts of CPUID leaves 0 and 1 that matter.</summary>
/// <param name="Vendor">Twelve characters of leaf 0, for example GenuineIntel.</param>
/// <param name="Family">Family, the extended part included.</param>
/// <param name="Model">Model, the extended part included.</param>
/// <param name="Stepping">Stepping.</param>
/// <param name="Sep">Leaf 1, EDX bit 11: SYSENTER and SYSEXIT are there.</param>
public sealed record CpuIdentity(string Vendor, int Family, int Model, int Stepping, bool Sep)
{
    /// <summary>What else it has, of what a kernel's entry may use.</summary>
    public CpuFeatures Features { get; init; }

    private const string Intel = "GenuineIntel";
    private const string Amd = "AuthenticAMD";

    // Zen under licence.
    private const string Hygon = "HygonGenuine";

    /// <summary>Reads the identity out of CPUID's answers.</summary>
    /// <param name="vendor">Leaf 0's EBX, EDX, ECX as text.</param>
    /// <param name="leaf1Eax">Leaf 1, EAX: the signature (SDM Vol. 2, CPUID, figure 3-6).</param>
    /// <param name="leaf1Edx">Leaf 1, EDX: features.</param>
    public static CpuIdentity FromCpuid(string vendor, uint leaf1Eax, uint leaf1Edx)
    {
        int stepping = (int)(leaf1Eax & 0xf);
        int model = (int)((leaf1Eax >> 4) & 0xf);
        int family = (int)((leaf1Eax >> 8) & 0xf);
        if (family is 6 or 15)
        {
            model |= (int)((leaf1Eax >> 12) & 0xf0);
        }

        if (family == 15)
        {
            family += (int)((leaf1Eax >> 20) & 0xff);
        }

        const int sepBit = 11;
        return new CpuIdentity(vendor, family, model, stepping, (leaf1Edx & (1u << sepBit)) != 0);
    }

    /// <summary>
    /// Whether SYSENTER can be used: the CPU says so, and it is not one of the early Pentium Pros that say so and have none (family 6 below
    /// model 3 stepping 3; Linux 2.6.12 arch/i386/kernel/cpu/intel.c, and Intel's own advice in SDM Vol. 2, SYSENTER).
    /// </summary>
    public bool HasSysenter => Sep && !(Vendor == Intel && Family == 6 && (Model < 3 || (Model == 3 && Stepping < 3)));

    /// <summary>Whether it is AMD's design, with SYSCALL in every mode.</summary>
    public bool IsAmd => Vendor is Amd or Hygon;

    /// <summary>As people name it: vendor, family, model, stepping, SEP.</summary>
    public override string ToString() => $"{Vendor} family {Family} model {Model} stepping {Stepping}, SEP {(Sep ? "set" : "clear")}";
}
