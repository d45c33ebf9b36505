// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Native.Abi;

namespace Kvmsys.Monitor.Measurement;

/// <summary>One way into a kernel and back, as it lies in memory.</summary>
/// <param name="Profile">The kernel.</param>
/// <param name="Mechanism">How its program enters it.</param>
/// <param name="Alignment">
/// Where in their cache lines of 64 bytes the program's loop and a guest kernel's entry start, in bytes. Where the host's own entry lies is not ours to say.
/// </param>
/// <param name="Mitigation">What the kernel does on the way beyond what the hardware needs.</param>
public sealed record EntryPath(KernelProfile Profile, EntryMechanism Mechanism, int Alignment = 0, Mitigation Mitigation = Mitigation.None)
{
    /// <summary>Whether the kernel can be built with a <see cref="Guest.Kernel.Mitigation"/> on this way: the 64-bit kernel's system calls.</summary>
    public bool TakesMitigations =>
        Profile is KernelProfile.Bare64 or KernelProfile.Compatibility
        && Mechanism is EntryMechanism.Int80 or EntryMechanism.Sysenter or EntryMechanism.Syscall;

    /// <summary>Whether two levels of page tables, EPT or NPT, make the mitigation dearer than it is on bare metal: what the TLB has lost is walked twice.</summary>
    public bool IsInflatedByNestedPaging => Mitigation is Mitigation.Cr3 or Mitigation.Cr3Global;

    /// <summary>
    /// VM exits of one call. KVM intercepts #UD on every CPU, to emulate what another vendor's has (handle_ud in arch/x86/kvm/x86.c), and
    /// counts the instruction as emulated before it gives the exception back.
    /// </summary>
    public int ExitsPerCall => Mechanism is EntryMechanism.InvalidOpcode or EntryMechanism.Cpuid or EntryMechanism.Pio or EntryMechanism.Mmio
        or EntryMechanism.Vmcall or EntryMechanism.Hlt ? 1 : 0;

    /// <summary>Whether it is a process of the host's own Linux, and no guest.</summary>
    public bool IsOnHost => Profile is KernelProfile.Host32 or KernelProfile.Host64;

    /// <summary>Whether the kernel's answer is in EAX after a call, so that it can be checked.</summary>
    public bool IsAnswered => Mechanism is not (EntryMechanism.Empty or EntryMechanism.Call or EntryMechanism.Cpuid or EntryMechanism.Pio
        or EntryMechanism.Mmio or EntryMechanism.Vmcall);

    /// <summary>The exit of a call that user space has to answer; null for none.</summary>
    internal KvmExitReason? AnsweredExit => Mechanism switch
    {
        EntryMechanism.Mmio => KvmExitReason.Mmio,
        EntryMechanism.Hlt => KvmExitReason.Hlt,
        _ => null,
    };

    /// <summary>The kernels that have an entry for a mechanism. A VM exit costs the same from each, so that one of them is enough.</summary>
    public static IReadOnlyList<KernelProfile> ProfilesOf(EntryMechanism mechanism) => mechanism switch
    {
        EntryMechanism.Empty or EntryMechanism.Call or EntryMechanism.Int80 =>
            Enum.GetValues<KernelProfile>(),
        EntryMechanism.Sysenter => [KernelProfile.Bare, KernelProfile.Linux26, KernelProfile.Compatibility],
        EntryMechanism.Vsyscall => [KernelProfile.Bare, KernelProfile.Linux26, KernelProfile.Host32],
        EntryMechanism.Syscall => [KernelProfile.Bare, KernelProfile.Bare64, KernelProfile.Compatibility, KernelProfile.Fred64, KernelProfile.Host64],
        EntryMechanism.InvalidOpcode or EntryMechanism.PageFault =>
            [KernelProfile.Bare, KernelProfile.Bare64, KernelProfile.Compatibility, KernelProfile.Fred64],
        EntryMechanism.CallGate => [KernelProfile.Bare],
        EntryMechanism.Cpuid or EntryMechanism.Pio or EntryMechanism.Mmio or EntryMechanism.Vmcall or EntryMechanism.Hlt =>
            [KernelProfile.Bare64],
        _ => throw new ArgumentOutOfRangeException(nameof(mechanism), mechanism, null),
    };

    /// <summary>Why a guest kernel's entry cannot be used on this CPU, for people; null when it can.</summary>
    public string? AbsenceOn(CpuIdentity cpu)
    {
        ArgumentNullException.ThrowIfNull(cpu);
        return Mechanism switch
        {
            _ when MissingFeature(Mitigation, cpu.Features) is string missing => $"the guest's CPU has no {missing}",
            _ when Profile == KernelProfile.Fred64 && !cpu.Features.HasFlag(CpuFeatures.Fred) => "the guest's CPU has no FRED (CPUID 7.1:EAX[17])",
            EntryMechanism.Sysenter when Profile == KernelProfile.Compatibility && cpu.IsAmd => "AMD's CPUs have SYSENTER in legacy mode only (APM Vol. 3)",
            EntryMechanism.Sysenter when !cpu.HasSysenter => $"the guest's CPU has no SYSENTER ({cpu})",
            EntryMechanism.Syscall when Profile is KernelProfile.Bare or KernelProfile.Compatibility && !cpu.IsAmd =>
                $"only AMD's CPUs have SYSCALL in 32-bit code (APM Vol. 3), and this is {cpu.Vendor}",
            _ => null,
        };
    }

    private static string? MissingFeature(Mitigation mitigation, CpuFeatures features)
    {
        (CpuFeatures Feature, string Name)? needed = mitigation switch
        {
            Mitigation.Cr3Pcid => (CpuFeatures.Pcid, "PCID (CPUID 1.ECX[17])"),
            Mitigation.Ibrs => (CpuFeatures.Ibrs, "IBRS (CPUID 7.EDX[26], on AMD 0x80000008.EBX[14])"),
            Mitigation.Ibpb => (CpuFeatures.Ibpb, "IBPB (CPUID 7.EDX[26], on AMD 0x80000008.EBX[12])"),
            Mitigation.Verw => (CpuFeatures.MdClear, "VERW that clears buffers (CPUID 7.EDX[10])"),
            _ => null,
        };
        return needed is (CpuFeatures feature, string name) && (features & feature) == 0 ? name : null;
    }
}
