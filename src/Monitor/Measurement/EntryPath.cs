// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Native.Abi;

namespace Kvmsys.Monitor.Measurement;

/// <summary>One way into a kernel and back, as it lies in memory.</summary>
/// <param name="Profile">The guest's kernel.</param>
/// <param name="Mechanism">How its program enters it.</param>
/// <param name="Alignment">Where in their cache lines of 64 bytes the program's loop and the kernel's entry start, in bytes.</param>
public sealed record EntryPath(KernelProfile Profile, EntryMechanism Mechanism, int Alignment = 0)
{
    /// <summary>
    /// VM exits of one call. KVM intercepts #UD on every CPU, to emulate what another vendor's has (handle_ud in arch/x86/kvm/x86.c), and
    /// counts the instruction as emulated before it gives the exception back.
    /// </summary>
    public int ExitsPerCall => Mechanism is EntryMechanism.InvalidOpcode or EntryMechanism.Cpuid or EntryMechanism.Pio or EntryMechanism.Mmio
        or EntryMechanism.Vmcall or EntryMechanism.Hlt ? 1 : 0;

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
            [KernelProfile.Bare, KernelProfile.Linux26, KernelProfile.Bare64, KernelProfile.Compatibility],
        EntryMechanism.Sysenter => [KernelProfile.Bare, KernelProfile.Linux26, KernelProfile.Compatibility],
        EntryMechanism.Vsyscall => [KernelProfile.Bare, KernelProfile.Linux26],
        EntryMechanism.Syscall or EntryMechanism.InvalidOpcode or EntryMechanism.PageFault =>
            [KernelProfile.Bare, KernelProfile.Bare64, KernelProfile.Compatibility],
        EntryMechanism.CallGate => [KernelProfile.Bare],
        EntryMechanism.Cpuid or EntryMechanism.Pio or EntryMechanism.Mmio or EntryMechanism.Vmcall or EntryMechanism.Hlt => [KernelProfile.Bare64],
        _ => throw new ArgumentOutOfRangeException(nameof(mechanism), mechanism, null),
    };

    /// <summary>Why a kernel's entry cannot be used on this CPU, for people; null when it can.</summary>
    public static string? AbsenceOf(KernelProfile profile, EntryMechanism mechanism, CpuIdentity cpu)
    {
        ArgumentNullException.ThrowIfNull(cpu);
        return mechanism switch
        {
            EntryMechanism.Sysenter when profile == KernelProfile.Compatibility && cpu.IsAmd => "AMD's CPUs have SYSENTER in legacy mode only (APM Vol. 3)",
            EntryMechanism.Sysenter when !cpu.HasSysenter => $"the guest's CPU has no SYSENTER ({cpu})",
            EntryMechanism.Syscall when profile != KernelProfile.Bare64 && !cpu.IsAmd =>
                $"only AMD's CPUs have SYSCALL in 32-bit code (APM Vol. 3), and this is {cpu.Vendor}",
            _ => null,
        };
    }
}
