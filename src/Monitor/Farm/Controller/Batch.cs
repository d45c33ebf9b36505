// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>A job for several hosts, as it is kept.</summary>
/// <param name="Id">Its number.</param>
/// <param name="At">When it was submitted.</param>
/// <param name="By">By whom.</param>
/// <param name="Target">Which hosts were meant.</param>
/// <param name="Jobs">The numbers of its jobs.</param>
internal sealed record Batch(long Id, DateTimeOffset At, string By, string Target, IReadOnlyList<long> Jobs);
