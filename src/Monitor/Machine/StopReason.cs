// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Machine;

/// <summary>Why a machine stopped running.</summary>
public enum StopReason
{
    /// <summary>The guest reached a mark; it can be run on.</summary>
    Mark,

    /// <summary>The guest's program ended.</summary>
    Exit,

    /// <summary>The time given to it was over; it can be run on.</summary>
    Deadline,

    /// <summary>The caller cancelled it; it can be run on.</summary>
    Cancelled,

    /// <summary>A signal ended the guest's program.</summary>
    Signal,

    /// <summary>The debugger ended it; it can be run on.</summary>
    Debugger,

    /// <summary>It cannot go on: an exception that nothing handles, or KVM gave up.</summary>
    Crash,
}
