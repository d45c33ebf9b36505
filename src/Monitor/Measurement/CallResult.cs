// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Vsyscall;
using Kvmsys.Monitor.Machine;

namespace Kvmsys.Monitor.Measurement;

/// <summary>What one measurement gave. Ticks are the guest's TSC's.</summary>
public sealed record CallResult
{
    /// <summary>What was measured.</summary>
    public required EntryPath Path { get; init; }

    /// <summary>Calls that were timed.</summary>
    public required ulong Calls { get; init; }

    /// <summary>Seed of the guest.</summary>
    public required int Seed { get; init; }

    /// <summary>How the vsyscall page enters the kernel.</summary>
    public required VsyscallVariant VsyscallVariant { get; init; }

    /// <summary>Guest-physical address of the page that the guest sees at 0xffffe000.</summary>
    public required uint VsyscallPhysicalAddress { get; init; }

    /// <summary>Ticks of all calls together, loop and timer included.</summary>
    public required ulong Ticks { get; init; }

    /// <summary>Rate of the TSC in kHz; null when KVM does not tell.</summary>
    public required int? TscKhz { get; init; }

    /// <summary>The process identifier that the kernel's last answer gave; it was checked.</summary>
    public required uint Pid { get; init; }

    /// <summary>What KVM counted in the run; null where it counts nothing.</summary>
    public required StatisticsDelta? Statistics { get; init; }

    /// <summary>Whether a CPU did it.</summary>
    public required HardwareProof Proof { get; init; }

    /// <summary>Phases of setting up the machine.</summary>
    public required SetupTimes Setup { get; init; }

    /// <summary>Host time in the run.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Ticks of one call, with its share of the loop and the timer.</summary>
    public double TicksPerCall => (double)Ticks / Calls;

    /// <summary>Nanoseconds of one call, with its share of the loop and the timer; null when the TSC's rate is not known.</summary>
    public double? NanosecondsPerCall => TscKhz is int kilohertz ? TicksPerCall * 1e6 / kilohertz : null;

    /// <summary>Nanoseconds of all calls; null when the TSC's rate is not known.</summary>
    public double? Nanoseconds => NanosecondsPerCall * Calls;
}
