// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon;

/// <summary>Where a daemon has its jobs made.</summary>
internal enum DaemonRole
{
    /// <summary>On its own host; it may belong to a farm.</summary>
    Host,

    /// <summary>On the hosts of a farm.</summary>
    Controller,
}
