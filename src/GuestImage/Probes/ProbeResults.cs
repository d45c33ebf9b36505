// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Probes;

/// <summary>What a <see cref="ProbeGuest"/> leaves in its memory. Times are ticks of the guest's TSC.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ProbeResults
{
    /// <summary>What <see cref="Pattern"/> holds from the start.</summary>
    public const uint PatternValue = 0x6b766d21;

    internal const int AliasOffset = 4;
    internal const int AddChainOffset = 8;

    /// <summary>A word to read back through another mapping.</summary>
    public uint Pattern;

    /// <summary>The pattern as it was read through the other mapping.</summary>
    public uint Alias;

    /// <summary>Ticks of a chain of dependent additions.</summary>
    public uint AddChainTicks;
}
