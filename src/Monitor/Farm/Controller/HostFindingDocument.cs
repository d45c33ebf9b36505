// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>A regression or an improvement on one host, in JSON.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Host">The host.</param>
/// <param name="Job">The job of the first bench of the new level.</param>
/// <param name="Ratio">How many times as much it costs; null where it cost nothing before.</param>
/// <param name="Shift">How many core cycles more it costs.</param>
internal sealed record HostFindingDocument(long Id, string Host, long Job, double? Ratio, double Shift);
