// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Measurement;

/// <summary>Why a run, or a part of it, is not counted.</summary>
[Flags]
public enum GateReason
{
    /// <summary>It is counted.</summary>
    None = 0,

    /// <summary>KVM emulated an instruction.</summary>
    EmulatedInstruction = 1 << 0,

    /// <summary>The guest exited more often than at its end, and not by an interrupt of the host's.</summary>
    UnexpectedExit = 1 << 1,

    /// <summary>KVM handled a page fault.</summary>
    PageFault = 1 << 2,

    /// <summary>A signal made the guest exit.</summary>
    Signal = 1 << 3,

    /// <summary>Interrupts of the host took the CPU: of a pair of batches, or of so many pairs that the run is worth nothing.</summary>
    HostInterrupt = 1 << 4,

    /// <summary>The batches differ so much that one with an exit in it could not be told from one without.</summary>
    Noise = 1 << 5,

    /// <summary>A multiplication did not take three times as long as an addition.</summary>
    ChainRatio = 1 << 6,

    /// <summary>The core's clock changed by more than half a percent between the run's beginning and its end.</summary>
    ClockDrift = 1 << 7,

    /// <summary>RDTSC took so long that it must have exited.</summary>
    SlowTimer = 1 << 8,

    /// <summary>The batches of the warm-up went on becoming shorter.</summary>
    NoPlateau = 1 << 9,

    /// <summary>Another thread ran in the vCPU thread's place.</summary>
    Preempted = 1 << 10,

    /// <summary>The vCPU's thread changed the CPU.</summary>
    Migrated = 1 << 11,

    /// <summary>The TSC's rate is not what KVM says that it is: it is scaled, or not invariant.</summary>
    TscRate = 1 << 12,
}
