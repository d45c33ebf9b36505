// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports.Html;

/// <summary>A ridge of a <see cref="RidgeChart"/>.</summary>
/// <param name="Label">What stands before it.</param>
/// <param name="Sublabel">What stands below that, smaller.</param>
/// <param name="Distributions">What it is drawn from, each with the same weight; none for no ridge.</param>
/// <param name="Estimate">Where its mark and its whiskers are; null for none.</param>
/// <param name="Text">What stands behind it: the value in digits, or why there is none.</param>
/// <param name="IsHollow">Whether it is not to be taken for one of the others.</param>
internal sealed record Ridge(string Label, string Sublabel, IReadOnlyList<Distribution> Distributions, Estimate? Estimate, string Text, bool IsHollow);
