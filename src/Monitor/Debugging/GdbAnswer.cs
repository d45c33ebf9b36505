// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Debugging;

/// <summary>What comes of a packet.</summary>
/// <param name="Reply">What is sent back; null for nothing, for the reply comes when the program stops.</param>
/// <param name="Resumption">How the program goes on; null when it stands still.</param>
internal readonly record struct GdbAnswer(ReadOnlyMemory<byte>? Reply, Resumption? Resumption = null);
