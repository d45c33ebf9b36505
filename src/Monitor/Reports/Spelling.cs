// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Guest.Vsyscall;
using Kvmsys.Monitor.Measurement;

namespace Kvmsys.Monitor.Reports;

/// <summary>How mechanisms, kernels and verdicts are spelled on the command line and in every report.</summary>
public static class Spelling
{
    /// <summary>For example "int80".</summary>
    public static string Of(EntryMechanism mechanism) => mechanism switch
    {
        EntryMechanism.Empty => "empty",
        EntryMechanism.Int80 => "int80",
        EntryMechanism.Sysenter => "sysenter",
        EntryMechanism.Vsyscall => "vsyscall",
        _ => throw new ArgumentOutOfRangeException(nameof(mechanism), mechanism, null),
    };

    /// <summary>For example "linux26".</summary>
    public static string Of(KernelProfile profile) => profile switch
    {
        KernelProfile.Bare => "bare",
        KernelProfile.Linux26 => "linux26",
        _ => throw new ArgumentOutOfRangeException(nameof(profile), profile, null),
    };

    /// <summary>For example "hardware-nested".</summary>
    public static string Of(Verdict verdict) => verdict switch
    {
        Verdict.Emulated => "emulated",
        Verdict.HardwareNested => "hardware-nested",
        Verdict.Hardware => "hardware",
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, null),
    };

    /// <summary>For example "sysenter".</summary>
    public static string Of(VsyscallVariant variant) => variant switch
    {
        VsyscallVariant.Int80 => "int80",
        VsyscallVariant.Sysenter => "sysenter",
        _ => throw new ArgumentOutOfRangeException(nameof(variant), variant, null),
    };

    /// <summary>The verdict's worth in a sentence.</summary>
    public static string Explain(Verdict verdict) => verdict switch
    {
        Verdict.Emulated => "not proved that a CPU executed the guest: what it did is right, what it cost is no CPU's figure",
        Verdict.HardwareNested => "the CPU executed the guest, under another hypervisor: entries cost what they cost on the CPU, VM exits do not",
        Verdict.Hardware => "the CPU executed the guest",
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, null),
    };
}
