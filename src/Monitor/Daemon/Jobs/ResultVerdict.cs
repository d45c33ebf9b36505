// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Reports;

namespace Kvmsys.Monitor.Daemon.Jobs;

/// <summary>What a bench says of one mechanism on one kernel.</summary>
/// <param name="Mechanism">The mechanism.</param>
/// <param name="Profile">The kernel's profile.</param>
/// <param name="Verdict">What its figure is worth.</param>
/// <param name="CoreCycles">A call's cost in core cycles; null where the bench shows none.</param>
public sealed record ResultVerdict(string Mechanism, string Profile, string Verdict, double? CoreCycles)
{
    /// <summary>What a bench says of each.</summary>
    /// <param name="bench">The bench.</param>
    /// <param name="figures">Its figures.</param>
    internal static ResultVerdict[] Of(BenchDocument bench, IReadOnlyList<HistoryFigure> figures) =>
    [
        .. from result in bench.Results
           let figure = figures.FirstOrDefault(figure => (figure.Mechanism, figure.Profile) == (result.Mechanism, result.Profile))
           select new ResultVerdict(result.Mechanism, result.Profile, result.Verdict, figure?.Cost.Value),
    ];
}
