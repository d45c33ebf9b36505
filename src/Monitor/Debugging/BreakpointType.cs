// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Debugging;

/// <summary>Types of breakpoints under the protocol's numbers. One at reads alone, 3, i386 has not.</summary>
internal enum BreakpointType
{
    /// <summary>An instruction in memory.</summary>
    Software = 0,

    /// <summary>An instruction in a debug register.</summary>
    Hardware = 1,

    /// <summary>Writes.</summary>
    Write = 2,

    /// <summary>Reads and writes.</summary>
    Access = 4,
}
