// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Programs;

/// <summary>When a batch of calls began and ended, by the guest's TSC.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct BatchTimes
{
    /// <summary>TSC before the first call.</summary>
    public ulong StartTicks;

    /// <summary>TSC after the last call.</summary>
    public ulong EndTicks;

    /// <summary>Ticks in between.</summary>
    public readonly ulong Ticks => EndTicks - StartTicks;
}
