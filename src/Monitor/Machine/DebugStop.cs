// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Machine;

/// <summary>Why a guest that is debugged stands still.</summary>
/// <param name="Kind">The reason.</param>
/// <param name="Vector">
/// The gate of the interrupt descriptor table through which the last step has led into the kernel, by INT or by an exception; null where it
/// led through none.
/// </param>
/// <param name="Watched">The address that was accessed, for <see cref="DebugStopKind.Watchpoint"/>.</param>
/// <param name="IsRead">Whether it may have been a read.</param>
internal readonly record struct DebugStop(DebugStopKind Kind, int? Vector = null, uint Watched = 0, bool IsRead = false);
