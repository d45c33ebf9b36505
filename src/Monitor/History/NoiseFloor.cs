// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.History;

/// <summary>How far two benches differ between which nothing has changed, as the host itself has shown it: pairs of A with A.</summary>
/// <param name="CoreCycles">Nineteen of twenty such pairs differ by no more than this, in core cycles.</param>
/// <param name="Pairs">How many pairs there were.</param>
public sealed record NoiseFloor(double CoreCycles, int Pairs)
{
    /// <summary>With fewer pairs nothing is said: the greatest of 10 is as good as any for nineteen of twenty.</summary>
    public const int FewestPairs = 10;

    private const double Part = 0.95;

    /// <summary>The noise of a series.</summary>
    /// <remarks>A pair is two benches that follow each other under the same kernel, microcode, mitigations and kvmsys. Those on either side of a change are none.</remarks>
    /// <param name="figures">Its figures that can be trusted, in the order of time.</param>
    /// <param name="starts">Where a new level starts, as indices into them.</param>
    /// <returns>The noise; null where there are too few pairs.</returns>
    public static NoiseFloor? Of(IReadOnlyList<HistoryFigure> figures, IReadOnlyList<int> starts)
    {
        ArgumentNullException.ThrowIfNull(figures);
        double[] differences =
        [
            .. from index in Enumerable.Range(1, Math.Max(0, figures.Count - 1))
               where !starts.Contains(index) && !HistorySeries.Differences(figures[index - 1].Entry, figures[index].Entry).Any()
               let difference = Math.Abs(figures[index].Cost.Value - figures[index - 1].Cost.Value)
               orderby difference
               select difference,
        ];
        return differences.Length < FewestPairs ? null : new(differences[(int)Math.Ceiling(Part * differences.Length) - 1], differences.Length);
    }
}
