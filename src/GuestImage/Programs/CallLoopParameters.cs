// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Programs;

/// <summary>What <see cref="CallLoop"/> does in a run; the monitor writes it at <see cref="CallLoop.ParametersSymbol"/> before one.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CallLoopParameters
{
    /// <summary>Rounds of <see cref="CallLoop.CallsPerRound"/> calls in a short batch, 1 or more; a long one has twice as many.</summary>
    public uint Rounds;

    /// <summary>Batches to time, 1 to <see cref="CallLoop.MaxBatches"/>.</summary>
    public uint Batches;

    /// <summary>Rounds in each of the eight batches that a group of the warm-up has, 1 or more.</summary>
    public uint WarmUpRounds;

    /// <summary>TSC ticks that the warm-up takes at least.</summary>
    public uint WarmUpTicks;

    /// <summary>Groups after which the warm-up ends without a plateau, 1 or more.</summary>
    public uint WarmUpGroups;

    /// <summary>0 for short and long batches in turns, 1 when all are short.</summary>
    public uint AllShort;
}
