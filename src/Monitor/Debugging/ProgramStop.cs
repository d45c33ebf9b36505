// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Debugging;

/// <summary>Why a program stands still, for its debugger.</summary>
/// <param name="Signal">The signal, under Linux' number: SIGTRAP for steps and breakpoints.</param>
/// <param name="Breakpoint">The breakpoint; null when it is none.</param>
/// <param name="Watched">The address, when that watches memory.</param>
internal readonly record struct ProgramStop(int Signal, BreakpointType? Breakpoint = null, uint Watched = 0);
