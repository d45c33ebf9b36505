// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.History;

/// <summary>A history that cannot be read or written.</summary>
/// <param name="reason">Why not.</param>
/// <param name="cure">What to do.</param>
public sealed class HistoryException(string reason, string cure) : Exception($"{reason}. Cure: {cure}.");
