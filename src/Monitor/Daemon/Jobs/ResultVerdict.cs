// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Jobs;

/// <summary>What a bench says of one mechanism on one kernel.</summary>
/// <param name="Mechanism">The mechanism.</param>
/// <param name="Profile">The kernel's profile.</param>
/// <param name="Verdict">What its figure is worth.</param>
/// <param name="CoreCycles">A call's cost in core cycles; null where the bench shows none.</param>
public sealed record ResultVerdict(string Mechanism, string Profile, string Verdict, double? CoreCycles);
