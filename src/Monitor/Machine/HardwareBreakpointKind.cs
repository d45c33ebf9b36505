// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Machine;

/// <summary>What a debug register stops at: DR7's R/W field (SDM Vol. 3, 17.2.4).</summary>
internal enum HardwareBreakpointKind
{
    /// <summary>An instruction, before it is executed.</summary>
    Execute = 0,

    /// <summary>A write, after it.</summary>
    Write = 1,

    /// <summary>A read or a write, after it.</summary>
    Access = 3,
}
