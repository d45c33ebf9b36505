// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Programs;

/// <summary>
/// What a run of <see cref="CallLoop"/> leaves in its memory under the symbol <see cref="CallLoop.ResultsSymbol"/>. All times are ticks of the
/// guest's TSC, read in ring 3 between two LFENCEs.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct CallLoopResults
{
    /// <summary>Calibration before the first batch.</summary>
    public CalibrationTimes Before;

    /// <summary>Calibration after the last batch.</summary>
    public CalibrationTimes After;

    /// <summary>EAX after the last call: the process identifier, if the kernel was really entered.</summary>
    public uint LastResult;

    /// <summary>Groups of eight batches that the warm-up took.</summary>
    public uint WarmUpGroups;

    /// <summary>1 when the warm-up ended because its batches became no shorter, 0 when it had to.</summary>
    public uint ReachedPlateau;

    // What the program keeps between its steps.
    internal uint Repetitions;
    internal uint WarmUpStart;
    internal uint BatchStart;
    internal uint BestOfGroup;
    internal uint BestBefore;

    /// <summary>The batches; short and long ones as <see cref="CallLoop.IsLong"/> tells.</summary>
    public BatchArray Batches;

    /// <summary>Room for every batch of a run.</summary>
    [InlineArray(CallLoop.MaxBatches)]
    public struct BatchArray
    {
        private BatchTimes _first;
    }
}
