// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Reports;

namespace Kvmsys.Monitor.Daemon;

/// <summary>Reads what a bench has written, believing nothing of it.</summary>
/// <param name="json">What it has written.</param>
/// <param name="objection">What is wrong with it; null for nothing.</param>
/// <returns>The bench; null when it is none.</returns>
internal delegate BenchDocument? BenchReading(ReadOnlyMemory<byte> json, out string? objection);
