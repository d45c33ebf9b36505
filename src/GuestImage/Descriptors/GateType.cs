// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Descriptors;

/// <summary>Types of 32-bit gates, and of long mode's, which has no task gate (SDM Vol. 3, table 3-2).</summary>
public enum GateType
{
    /// <summary>Switches to another task.</summary>
    Task = 0x5,

    /// <summary>Enters a routine by a far CALL.</summary>
    Call = 0xc,

    /// <summary>Enters the handler with interrupts disabled.</summary>
    Interrupt = 0xe,

    /// <summary>Enters the handler with interrupts as they were.</summary>
    Trap = 0xf,
}
