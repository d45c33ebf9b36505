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

    /// <summary>Why a kernel has no such entry on this CPU, for people; null when it has.</summary>
    public static string? AbsenceOf(KernelProfile profile, EntryMechanism mechanism, CpuIdentity cpu)
    {
        ArgumentNullException.ThrowIfNull(cpu);
        bool longMode = profile is KernelProfile.Bare64 or KernelProfile.Compatibility;
        return mechanism switch
        {
            EntryMechanism.Cpuid or EntryMechanism.Pio or EntryMechanism.Mmio or EntryMechanism.Vmcall or EntryMechanism.Hlt
                when profile != KernelProfile.Bare64 => "an exit costs the same from every kernel, bare64 has it",
            EntryMechanism.Vsyscall or EntryMechanism.CallGate when longMode => "the i386 kernels have it",
            EntryMechanism.Syscall or EntryMechanism.CallGate or EntryMechanism.InvalidOpcode or EntryMechanism.PageFault
                when profile == KernelProfile.Linux26 => "Linux 2.6.12 on i386 is not entered so",
            EntryMechanism.Sysenter when profile == KernelProfile.Bare64 => "no 64-bit system is entered so: SYSCALL is there on every CPU",
            EntryMechanism.Sysenter when profile == KernelProfile.Compatibility && cpu.IsAmd => "AMD's CPUs have SYSENTER in legacy mode only (APM Vol. 3)",
            EntryMechanism.Sysenter when !cpu.HasSysenter => $"the guest's CPU has no SYSENTER ({cpu})",
            EntryMechanism.Syscall when profile != KernelProfile.Bare64 && !cpu.IsAmd =>
                $"only AMD's CPUs have SYSCALL in 32-bit code (APM Vol. 3), and this is {cpu.Vendor}",
            _ => null,
        };
    }
}
