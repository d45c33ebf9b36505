// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Measurement;

/// <summary>What was not counted, and why.</summary>
/// <param name="Pairs">Pairs of batches that were timed.</param>
/// <param name="DiscardedPairs">Those that are not counted, whole runs' pairs among them.</param>
/// <param name="Reasons">Pairs by reason; one may have several.</param>
public sealed record Discards(int Pairs, int DiscardedPairs, IReadOnlyDictionary<GateReason, int> Reasons)
{
    /// <summary>Above this share somebody should know.</summary>
    public const double Warning = 0.05;

    /// <summary>Above this share what is left is not to be trusted.</summary>
    public const double Unstable = 0.25;

    /// <summary>The share that is not counted, 0 to 1.</summary>
    public double Share => Pairs == 0 ? 0 : (double)DiscardedPairs / Pairs;

    /// <summary>The discards of some runs.</summary>
    public static Discards Of(IEnumerable<GatedRun> runs)
    {
        Dictionary<GateReason, int> reasons = [];
        int pairs = 0;
        int discarded = 0;
        foreach (GatedRun run in runs)
        {
            pairs += run.Total;
            discarded += run.Reasons == GateReason.None ? run.Disturbed : run.Total;
            foreach (GateReason reason in Enum.GetValues<GateReason>())
            {
                if (reason != GateReason.None && (run.Reasons & reason) != 0)
                {
                    reasons[reason] = reasons.GetValueOrDefault(reason) + run.Total;
                }
            }

            if (run.Disturbed > 0 && (run.Reasons & GateReason.HostInterrupt) == 0)
            {
                reasons[GateReason.HostInterrupt] = reasons.GetValueOrDefault(GateReason.HostInterrupt) + run.Disturbed;
            }
        }

        return new Discards(pairs, discarded, reasons);
    }
}
