// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Programs;

/// <summary>
/// What <see cref="CallLoop"/> leaves in its memory under the symbol <see cref="CallLoop.ResultsSymbol"/>. All times are ticks of the guest's
/// TSC, read in ring 3 between two LFENCEs.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct CallLoopResults
{
    /// <summary>TSC before the first call.</summary>
    public ulong StartTicks;

    /// <summary>TSC after the last call.</summary>
    public ulong EndTicks;

    /// <summary>The shortest time of <see cref="CalibrationChain.Length"/> additions, each of which needs the result of the one before.</summary>
    public uint AddChainTicks;

    /// <summary>The shortest time of <see cref="CalibrationChain.Length"/> multiplications, each of which needs the result of the one before.</summary>
    public uint MultiplyChainTicks;

    /// <summary>The shortest time between two readings of the TSC.</summary>
    public uint TimerTicks;

    /// <summary>EAX after the last call: the process identifier, if the kernel was really entered.</summary>
    public uint LastResult;
}
