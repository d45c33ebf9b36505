// SPDX-License-Identifier: MIT

using HdrHistogram;

namespace Kvmsys.Monitor.Measurement;

/// <summary>What each of many calls took, the timer's own time included.</summary>
public sealed record LatencyResult
{
    /// <summary>The entry path.</summary>
    public required EntryPath Path { get; init; }

    /// <summary>Every call's TSC ticks.</summary>
    public required LongHistogram Ticks { get; init; }

    /// <summary>TSC ticks of a core cycle.</summary>
    public required double TicksPerCycle { get; init; }

    /// <summary>Rate of the TSC in kHz; null when it is not known.</summary>
    public required int? TscKhz { get; init; }

    /// <summary>The step of the TSC in ticks; 1 when it has none, or none that these times show.</summary>
    public required double TscStepTicks { get; init; }

    /// <summary>Runs that were made.</summary>
    public required int Runs { get; init; }

    /// <summary>The calls that took much longer.</summary>
    public required LatencyTail Tail { get; init; }

    /// <summary>Whether a CPU did it.</summary>
    public required HardwareProof Proof { get; init; }
}
