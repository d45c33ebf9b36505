// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.Json.Serialization;
using Kvmsys.Monitor.Measurement;

namespace Kvmsys.Monitor.Reports;

/// <summary>One mechanism on one kernel in JSON. Figures that are no CPU's are null unless they were asked for.</summary>
public sealed record MechanismDocument
{
    /// <summary>Mechanism.</summary>
    public required string Mechanism { get; init; }

    /// <summary>The kernel's profile.</summary>
    public required string Profile { get; init; }

    /// <summary>Verdict.</summary>
    public required string Verdict { get; init; }

    /// <summary>What the verdict rests on.</summary>
    public required IReadOnlyList<Evidence> Evidence { get; init; }

    /// <summary>Whether enough was left to be trusted.</summary>
    public required bool Stable { get; init; }

    /// <summary>A call's cost in core cycles.</summary>
    public CostDocument? CoreCycles { get; init; }

    /// <summary>A call's cost in TSC ticks.</summary>
    public CostDocument? TscTicks { get; init; }

    /// <summary>A call's cost in nanoseconds; null also when the TSC's rate is not known.</summary>
    public CostDocument? Ns { get; init; }

    /// <summary>What timer and loop add to a batch, in core cycles.</summary>
    public double? InterceptCoreCycles { get; init; }

    /// <summary>How many times as fast as INT 0x80 on the same kernel; null for a control, or when INT 0x80 was not measured.</summary>
    public double? SpeedUp { get; init; }

    /// <summary>The cost in core cycles by where in their cache lines loop and entry start, in bytes.</summary>
    public required IReadOnlyDictionary<string, CostDocument?> CoreCyclesByAlignment { get; init; }

    /// <summary>Rate of the TSC, of a guest as KVM tells it, of a process as it was measured; null when KVM does not tell.</summary>
    public int? TscKhz { get; init; }

    /// <summary>Runs that were made.</summary>
    public required int Runs { get; init; }

    /// <summary>Calls that were timed.</summary>
    public required ulong Calls { get; init; }

    /// <summary>Pairs of batches that were timed.</summary>
    public required int Pairs { get; init; }

    /// <summary>Those that were not counted.</summary>
    public required int DiscardedPairs { get; init; }

    /// <summary>Those that were not counted by reason; a pair may have several.</summary>
    public required IReadOnlyDictionary<string, int> DiscardReasons { get; init; }

    /// <summary>VM exits of all runs, the one that ends each included; null when KVM does not tell.</summary>
    public long? Exits { get; init; }

    /// <summary>Exits by interrupts of the host.</summary>
    public long? IrqExits { get; init; }

    /// <summary>Instructions that KVM emulated.</summary>
    public long? EmulatedInstructions { get; init; }

    /// <summary>What this is of, for people: for example "int80 on bare".</summary>
    [JsonIgnore]
    public string Name => $"{Mechanism} on {Profile}";

    /// <summary>The share of pairs that is not counted, 0 to 1.</summary>
    [JsonIgnore]
    public double DiscardedShare => Pairs == 0 ? 0 : (double)DiscardedPairs / Pairs;

    /// <summary>Whether its figures may be shown; those that are not known count as shown.</summary>
    [JsonIgnore]
    public bool HasFigures => CoreCycles is not null || Verdict != Spelling.Of(Measurement.Verdict.Emulated);

    /// <summary>The same result with figures that are no CPU's only where they are wanted, and then each of them marked.</summary>
    /// <param name="showEmulated">Whether they are wanted.</param>
    public MechanismDocument Showing(bool showEmulated)
    {
        bool emulated = Verdict == Spelling.Of(Measurement.Verdict.Emulated);
        bool shown = showEmulated || !emulated;
        return this with
        {
            CoreCycles = Marked(CoreCycles),
            TscTicks = Marked(TscTicks),
            Ns = Marked(Ns),
            InterceptCoreCycles = shown ? InterceptCoreCycles : null,
            SpeedUp = shown ? SpeedUp : null,
            CoreCyclesByAlignment = CoreCyclesByAlignment.ToDictionary(cost => cost.Key, cost => Marked(cost.Value)),
        };

        CostDocument? Marked(CostDocument? cost) => shown && cost is not null ? cost with { Emulated = emulated ? true : null } : null;
    }

    /// <summary>The document of a result.</summary>
    /// <param name="report">The report that it is in.</param>
    /// <param name="result">The result.</param>
    public static MechanismDocument Of(BenchReport report, MechanismResult result)
    {
        bool shown = report.Shows(result);
        Verdict verdict = result.Proof.Verdict;
        return new MechanismDocument
        {
            Mechanism = Spelling.Of(result.Mechanism, result.Mitigation),
            Profile = Spelling.Of(result.Profile),
            Verdict = Spelling.Of(verdict),
            Evidence = result.Proof.Evidence,
            Stable = !result.IsUnstable,
            CoreCycles = shown ? CostDocument.Of(result.Cycles, verdict) : null,
            TscTicks = shown ? CostDocument.Of(result.Ticks, verdict) : null,
            Ns = shown ? CostDocument.Of(result.Nanoseconds, verdict) : null,
            InterceptCoreCycles = shown ? result.InterceptCycles?.Value : null,
            SpeedUp = shown ? report.SpeedUp(result) : null,
            CoreCyclesByAlignment = result.ByAlignment.ToDictionary(
                cost => cost.Key.ToString(CultureInfo.InvariantCulture), cost => shown ? CostDocument.Of(cost.Value, verdict) : null),
            TscKhz = result.TscKhz,
            Runs = result.Runs,
            Calls = result.Calls,
            Pairs = result.Discards.Pairs,
            DiscardedPairs = result.Discards.DiscardedPairs,
            DiscardReasons = result.Discards.Reasons.ToDictionary(reason => Spelling.Of(reason.Key), reason => reason.Value),
            Exits = result.Exits,
            IrqExits = result.IrqExits,
            EmulatedInstructions = result.EmulatedInstructions,
        };
    }
}
