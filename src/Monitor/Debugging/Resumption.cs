// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Debugging;

/// <summary>How a debugger lets the program go on.</summary>
/// <param name="Kind">What it does next.</param>
/// <param name="Signal">The signal that it gets, under Linux' number; 0 for none.</param>
internal readonly record struct Resumption(ResumptionKind Kind, int Signal = 0);
