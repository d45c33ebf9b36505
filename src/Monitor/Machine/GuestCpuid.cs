// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using System.Text;
using Kvmsys.Guest.Cpu;
using Kvmsys.Native;
using Kvmsys.Native.Abi;

namespace Kvmsys.Monitor.Machine;

/// <summary>The CPUID table that a guest is given: what this KVM supports, less what one small guest must not see.</summary>
public sealed class GuestCpuid
{
    private const uint FeatureLeaf = 1;
    private const uint StructuredFeatureLeaf = 7;
    private const uint ExtendedFeatureLeaf = 0x80000001;
    private const uint AddressSizeLeaf = 0x80000008;
    private const int Sep = 11;

    // Leaf 1, ECX: MONITOR, VMX, x2APIC, TSC-deadline timer; and leaf 0x80000001, ECX: SVM. The guest has no interrupt controller and no guests.
    private const uint HiddenFeatures = 1u << 3 | 1u << 5 | 1u << 21 | 1u << 24;
    private const uint HiddenExtendedFeatures = 1u << 2;

    private readonly KvmCpuidEntry2[] _entries;

    private GuestCpuid(KvmCpuidEntry2[] entries)
    {
        _entries = entries;
        Identity = Identify(entries);
    }

    /// <summary>The table, for <see cref="KvmVcpu.SetCpuid"/>.</summary>
    public ReadOnlySpan<KvmCpuidEntry2> Entries => _entries;

    /// <summary>What the guest reads about its CPU.</summary>
    public CpuIdentity Identity { get; }

    /// <summary>Leaf 1, EDX: what Linux tells programs as AT_HWCAP.</summary>
    public uint FeatureBits => Array.Find(_entries, entry => entry.Function == FeatureLeaf).Edx;

    /// <summary>The table for this KVM's guests.</summary>
    /// <exception cref="KvmException">KVM refuses to tell what it supports.</exception>
    public static GuestCpuid Of(Kvm kvm)
    {
        KvmCpuidEntry2[] entries = kvm.GetSupportedCpuid();
        foreach (ref KvmCpuidEntry2 entry in entries.AsSpan())
        {
            switch (entry.Function)
            {
                case FeatureLeaf:
                    entry.Ecx &= ~HiddenFeatures;

                    // Initial APIC identifier 0, whichever host CPU answered.
                    entry.Ebx &= 0x00ffffff;
                    break;
                case ExtendedFeatureLeaf:
                    entry.Ecx &= ~HiddenExtendedFeatures;
                    break;
                case 0xb or 0x1f:
                    // x2APIC identifier 0.
                    entry.Edx = 0;
                    break;
                default:
                    break;
            }
        }

        return new GuestCpuid(entries);
    }

    /// <summary>This table without SYSENTER.</summary>
    public GuestCpuid WithoutSep()
    {
        KvmCpuidEntry2[] entries = [.. _entries];
        foreach (ref KvmCpuidEntry2 entry in entries.AsSpan())
        {
            if (entry.Function == FeatureLeaf)
            {
                entry.Edx &= ~(1u << Sep);
            }
        }

        return new GuestCpuid(entries);
    }

    private static CpuIdentity Identify(KvmCpuidEntry2[] entries)
    {
        KvmCpuidEntry2 vendor = Array.Find(entries, entry => entry.Function == 0);
        KvmCpuidEntry2 features = Array.Find(entries, entry => entry.Function == FeatureLeaf);
        ReadOnlySpan<uint> text = [vendor.Ebx, vendor.Edx, vendor.Ecx];
        return CpuIdentity.FromCpuid(Encoding.ASCII.GetString(MemoryMarshal.AsBytes(text)), features.Eax, features.Edx) with
        {
            Features = FeaturesOf(entries),
        };
    }

    private static CpuFeatures FeaturesOf(KvmCpuidEntry2[] entries)
    {
        KvmCpuidEntry2 basic = Array.Find(entries, entry => entry.Function == FeatureLeaf);
        KvmCpuidEntry2 structured = Array.Find(entries, entry => entry is { Function: StructuredFeatureLeaf, Index: 0 });
        KvmCpuidEntry2 structured1 = Array.Find(entries, entry => entry is { Function: StructuredFeatureLeaf, Index: 1 });
        KvmCpuidEntry2 extended = Array.Find(entries, entry => entry.Function == AddressSizeLeaf);
        return When(CpuFeatures.Pcid, basic.Ecx, 17)
            | When(CpuFeatures.Ibrs | CpuFeatures.Ibpb, structured.Edx, 26)
            | When(CpuFeatures.MdClear, structured.Edx, 10)
            | When(CpuFeatures.Fred, structured1.Eax, 17)
            | When(CpuFeatures.Ibpb, extended.Ebx, 12)
            | When(CpuFeatures.Ibrs, extended.Ebx, 14);

        static CpuFeatures When(CpuFeatures features, uint register, int bit) => ((register >> bit) & 1) != 0 ? features : CpuFeatures.None;
    }
}
