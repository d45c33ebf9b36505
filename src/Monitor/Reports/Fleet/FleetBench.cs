// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>A bench of a comparison.</summary>
/// <param name="Host">Its host's name.</param>
/// <param name="Number">Which of this host's benches it is, counted from 1.</param>
/// <param name="Cpu">Its CPU model.</param>
/// <param name="Bench">What was measured.</param>
public sealed record FleetBench(string Host, int Number, CpuModel Cpu, BenchDocument Bench);
