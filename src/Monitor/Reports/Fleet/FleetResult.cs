// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>What a bench of a comparison has of one mechanism on one kernel.</summary>
/// <param name="From">The bench.</param>
/// <param name="Result">What it has.</param>
public sealed record FleetResult(FleetBench From, MechanismDocument Result);
