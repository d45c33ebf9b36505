// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Store;

/// <summary>The daemon's database cannot be used.</summary>
/// <param name="reason">Why not.</param>
/// <param name="cure">What helps.</param>
internal sealed class StoreException(string reason, string cure) : Exception($"{reason}. Cure: {cure}.");
