// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Store;

/// <summary>The daemon's database has no room: nothing was changed.</summary>
internal sealed class StoreFullException(Exception cause) : Exception("the disk of the daemon's database is full. Cure: make room there; nothing is lost, and jobs are taken again then.", cause);
