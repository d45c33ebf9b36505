// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.History;

/// <summary>What one mechanism cost in one bench of the history.</summary>
/// <param name="Entry">The bench.</param>
/// <param name="Profile">The kernel's profile.</param>
/// <param name="Mechanism">The mechanism.</param>
/// <param name="Verdict">What the figure is worth.</param>
/// <param name="Stable">Whether enough was left of this result to be trusted.</param>
/// <param name="Cost">The cost in core cycles.</param>
public sealed record HistoryFigure(HistoryEntry Entry, string Profile, string Mechanism, string Verdict, bool Stable, Estimate Cost)
{
    /// <summary>Whether it may stand for what the mechanism costs.</summary>
    public bool IsTrusted => Entry.Complete && Stable;
}
