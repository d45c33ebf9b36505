// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Programs;

/// <summary>The shortest times, in ticks of the guest's TSC, of the <see cref="CalibrationChain"/>s and of the timer that times them.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CalibrationTimes
{
    /// <summary><see cref="CalibrationChain.Length"/> additions, each of which needs the result of the one before.</summary>
    public uint AddChainTicks;

    /// <summary><see cref="CalibrationChain.Length"/> integer multiplications, each of which needs the result of the one before.</summary>
    public uint MultiplyChainTicks;

    /// <summary><see cref="CalibrationChain.Length"/> floating-point multiplications, each of which needs the result of the one before.</summary>
    public uint FloatChainTicks;

    /// <summary>Two readings of the TSC with nothing in between.</summary>
    public uint TimerTicks;
}
