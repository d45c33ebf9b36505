// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Access;

/// <summary>Tokens or a certificate cannot be used.</summary>
/// <param name="reason">Why not.</param>
/// <param name="cure">What helps.</param>
internal sealed class AccessException(string reason, string cure) : Exception($"{reason}. Cure: {cure}.");
