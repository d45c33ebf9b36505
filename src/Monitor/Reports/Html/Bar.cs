// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports.Html;

/// <summary>A bar of a <see cref="BarChart"/>.</summary>
/// <param name="Group">What it stands under, with its neighbours of the same group.</param>
/// <param name="Label">What stands before it.</param>
/// <param name="Estimate">Its length and its whiskers; null for none.</param>
/// <param name="Text">What stands behind it: the value in digits, or why there is none.</param>
/// <param name="IsHollow">Whether its value is not to be taken for one of the others.</param>
/// <param name="Start">Where it starts: at the axis, or where another ends that it adds to.</param>
internal sealed record Bar(string Group, string Label, Estimate? Estimate, string Text, bool IsHollow, double Start = 0);
