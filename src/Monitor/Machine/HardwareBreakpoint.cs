// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Machine;

/// <summary>What one debug register holds (SDM Vol. 3, 17.2.4: DR7's fields).</summary>
/// <param name="Kind">What it stops at.</param>
/// <param name="Address">Linear address; a multiple of the length.</param>
/// <param name="Length">1, 2 or 4 bytes; 1 for an instruction.</param>
internal readonly record struct HardwareBreakpoint(HardwareBreakpointKind Kind, uint Address, uint Length)
{
    /// <summary>DR0 to DR3.</summary>
    public const int Count = 4;

    /// <summary>Whether a debug register can hold it.</summary>
    public bool IsPossible => Length is 1 or 2 or 4 && Address % Length == 0 && (Kind != HardwareBreakpointKind.Execute || Length == 1);

    /// <summary>Its bits in DR7, where it is in debug register N: enabled globally, R/W and LEN.</summary>
    public ulong ControlBits(int register)
    {
        const int globalEnable = 1;
        const int fields = 16;
        return 1UL << ((2 * register) + globalEnable) | ((ulong)Kind | (ulong)(Length - 1) << 2) << (fields + (4 * register));
    }
}
