// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Machine;

/// <summary>Kinds of <see cref="DebugStop"/>.</summary>
internal enum DebugStopKind
{
    /// <summary>Nothing has been executed yet.</summary>
    Start,

    /// <summary>The one instruction is executed, or an exception has come of it.</summary>
    Step,

    /// <summary>A breakpoint in memory is next.</summary>
    Breakpoint,

    /// <summary>A breakpoint in a debug register is next.</summary>
    HardwareBreakpoint,

    /// <summary>Memory was accessed that a debug register watches.</summary>
    Watchpoint,

    /// <summary>A signal has come between two instructions of a program that is stepped: its handler is next, and not what was.</summary>
    Handler,

    /// <summary>Somebody has asked for a stop.</summary>
    Interrupted,
}
