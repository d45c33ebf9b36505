// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Measurement;

/// <summary>What a bench found of one mechanism on one kernel.</summary>
public sealed record MechanismResult
{
    /// <summary>The kernel.</summary>
    public required KernelProfile Profile { get; init; }

    /// <summary>The mechanism.</summary>
    public required EntryMechanism Mechanism { get; init; }

    /// <summary>What the kernel does on the way beyond what the hardware needs.</summary>
    public Mitigation Mitigation { get; init; }

    /// <summary>Whether a CPU did it.</summary>
    public required HardwareProof Proof { get; init; }

    /// <summary>Runs that were made.</summary>
    public required int Runs { get; init; }

    /// <summary>What was not counted.</summary>
    public required Discards Discards { get; init; }

    /// <summary>A call's cost in core cycles; null when no pair of batches is left.</summary>
    public required CallCost? Cycles { get; init; }

    /// <summary>A call's cost in TSC ticks.</summary>
    public required CallCost? Ticks { get; init; }

    /// <summary>A call's cost in nanoseconds; null also when the TSC's rate is not known.</summary>
    public required CallCost? Nanoseconds { get; init; }

    /// <summary>What timer and loop add to a batch, in core cycles.</summary>
    public required Estimate? InterceptCycles { get; init; }

    /// <summary>The cost in core cycles by alignment, in bytes.</summary>
    public required IReadOnlyDictionary<int, CallCost?> ByAlignment { get; init; }

    /// <summary>Rate of the guests' TSC in kHz; null when KVM does not tell.</summary>
    public required int? TscKhz { get; init; }

    /// <summary>Calls that were timed.</summary>
    public required ulong Calls { get; init; }

    /// <summary>Exits of all runs, each one's last included; null where KVM counts nothing.</summary>
    public required long? Exits { get; init; }

    /// <summary>Exits by the host's interrupts.</summary>
    public required long? IrqExits { get; init; }

    /// <summary>Instructions that KVM emulated.</summary>
    public required long? EmulatedInstructions { get; init; }

    /// <summary>Whether too little was left to be trusted.</summary>
    public bool IsUnstable => Proof.Verdict != Verdict.Emulated && (Cycles is null || Discards.Share > Discards.Unstable);
}
