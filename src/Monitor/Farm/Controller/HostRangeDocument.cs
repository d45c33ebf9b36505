// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>How far a figure differs from host to host, in JSON.</summary>
/// <param name="Least">The least.</param>
/// <param name="Median">The median.</param>
/// <param name="Greatest">The greatest.</param>
internal sealed record HostRangeDocument(double Least, double Median, double Greatest)
{
    /// <summary>That of one figure at least.</summary>
    public static HostRangeDocument Of(IReadOnlyList<double> figures) => new(figures.Min(), MedianInterval.Of(figures).Value, figures.Max());
}
