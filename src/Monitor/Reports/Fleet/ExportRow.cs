// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>A row of the tables that other programs read: a result of a bench, or one session of it.</summary>
/// <param name="Fleet">The result, and its bench.</param>
/// <param name="Base">What its mechanism costs on the CPU model that the others are compared with; null where there is nothing to compare.</param>
/// <param name="Session">The session, counted from 0 in the order of measurement; null for none.</param>
internal sealed record ExportRow(FleetResult Fleet, FleetCost? Base, int? Session)
{
    /// <summary>The bench.</summary>
    public BenchDocument Bench => Fleet.From.Bench;

    /// <summary>Its host.</summary>
    public HostDocument Host => Bench.Host;

    /// <summary>The result.</summary>
    public MechanismDocument Result => Fleet.Result;

    /// <summary>A call's cost in core cycles by this bench alone; null where there is none.</summary>
    public Estimate? CoreCycles => EstimateOf(Result.CoreCycles);

    /// <summary>The same in TSC ticks.</summary>
    public Estimate? TscTicks => EstimateOf(Result.TscTicks);

    /// <summary>The same in nanoseconds.</summary>
    public Estimate? Ns => EstimateOf(Result.Ns);

    /// <summary>How many times the base's core cycles these are.</summary>
    public Estimate? Ratio => Base is null ? null : FleetCost.Of([Result.CoreCycles])?.RatioTo(Base);

    /// <summary>A row for each result of a comparison's benches.</summary>
    public static IEnumerable<ExportRow> OfResults(FleetComparison comparison)
    {
        Dictionary<(string, string), FleetCost?> bases = comparison.Mechanisms.ToDictionary(mechanism => (mechanism.Mechanism, mechanism.Profile), mechanism => mechanism.Base);
        string emulated = Spelling.Of(Measurement.Verdict.Emulated);
        return from bench in comparison.Benches
               from result in bench.Bench.Results
               select new ExportRow(new(bench, result), result.Verdict == emulated ? null : bases[(result.Mechanism, result.Profile)], Session: null);
    }

    /// <summary>A row for each session of a comparison's benches; of a result without a figure one without a session.</summary>
    public static IEnumerable<ExportRow> OfSessions(FleetComparison comparison) =>
        from row in OfResults(comparison)
        let sessions = row.Result.CoreCycles?.Sessions.Count ?? 0
        from session in sessions == 0 ? new int?[] { null } : Enumerable.Range(0, sessions).Select(index => (int?)index)
        select row with { Session = session };

    /// <summary>A cost's median of this row's session; null where there is none.</summary>
    public double? OfSession(CostDocument? cost) => cost is not null && Session is int session && session < cost.Sessions.Count ? cost.Sessions[session] : null;

    private static Estimate? EstimateOf(CostDocument? cost) => FleetCost.Of([cost])?.Estimate;
}
