// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Machine;

/// <summary>What a guest that is debugged does next.</summary>
internal enum DebugAction
{
    /// <summary>It runs until something stops it.</summary>
    Run,

    /// <summary>It executes one instruction, in whatever ring that is.</summary>
    Step,

    /// <summary>It is debugged no more.</summary>
    Detach,

    /// <summary>The machine stops.</summary>
    End,
}
