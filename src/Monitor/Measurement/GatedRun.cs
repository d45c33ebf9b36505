// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Machine;

namespace Kvmsys.Monitor.Measurement;

/// <summary>A run after the gate, which every run passes and which fails closed. docs/MEASUREMENT.md has each of its limits' reasons.</summary>
public sealed record GatedRun
{
    // Half of what the cheapest VM exit and entry cost on any CPU: a batch that is so much longer than the others may have one in it, one that
    // is not has none.
    private const double ExitCycles = 500;

    // How far the core's clock may move during a run, of itself.
    private const double ClockDrift = 0.005;

    // Noise that would hide an exit: an undisturbed batch is hardly ever so many median absolute deviations longer than the median.
    private const double Deviations = 6;

    // A process of the host's meets every interrupt, uncounted, and on a host that is not tuned it has neighbours. One batch in twenty may have
    // an interrupt in it that is not seen, which moves a median by less than the noise, and how much that is the interval tells. With more noise
    // than this there is nothing to measure.
    private const double ProcessNoise = 0.2;

    /// <summary>Why the run as a whole is not counted.</summary>
    public required GateReason Reasons { get; init; }

    /// <summary>The pairs of batches that nothing disturbed.</summary>
    public required IReadOnlyList<BatchPair> Pairs { get; init; }

    /// <summary>Pairs that an interrupt of the host disturbed.</summary>
    public required int Disturbed { get; init; }

    /// <summary>TSC ticks of a core cycle, the mean of the run's two ends.</summary>
    public required double TicksPerCycle { get; init; }

    /// <summary>Calibration at the run's beginning.</summary>
    public required CalibrationTimes Before { get; init; }

    /// <summary>Calibration at its end.</summary>
    public required CalibrationTimes After { get; init; }

    /// <summary>TSC ticks of all batches together.</summary>
    public required ulong BatchTicks { get; init; }

    /// <summary>Calls in all batches together.</summary>
    public required ulong Calls { get; init; }

    /// <summary>Host time of the run.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Exits, the last included; null where KVM counts nothing.</summary>
    public required long? Exits { get; init; }

    /// <summary>Exits by the host's interrupts.</summary>
    public required long? IrqExits { get; init; }

    /// <summary>Instructions that KVM emulated.</summary>
    public required long? EmulatedInstructions { get; init; }

    /// <summary>Those of them that are not the mechanism's own.</summary>
    public required long? UnexpectedEmulations { get; init; }

    /// <summary>Pairs in all.</summary>
    public int Total => Pairs.Count + Disturbed;

    /// <summary>Judges a run.</summary>
    public static GatedRun Of(CallRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        Calibration before = new(run.Results.Before);
        Calibration after = new(run.Results.After);
        double ticksPerCycle = (before.TicksPerCycle + after.TicksPerCycle) / 2;
        GateReason reasons = OfStatistics(run)
            | When(GateReason.ChainRatio, !before.HasCpusMultiply || !after.HasCpusMultiply)
            | When(GateReason.ClockDrift, !(Math.Abs((after.TicksPerCycle / before.TicksPerCycle) - 1) <= ClockDrift))
            | When(GateReason.SlowTimer, Math.Max(before.Times.TimerTicks, after.Times.TimerTicks) >= Calibration.MaxTimerTicks)
            | When(GateReason.NoPlateau, run.Results.ReachedPlateau == 0)
            | When(GateReason.PageFault, run.Path.IsOnHost && run.UsageBefore.PageFaults != run.UsageAfter.PageFaults)
            | When(GateReason.Migrated, run.UsageBefore.Cpu != run.UsageAfter.Cpu)
            | When(
                GateReason.Preempted,
                run.UsageBefore.InvoluntarySwitches != run.UsageAfter.InvoluntarySwitches
                    || run.UsageBefore.VoluntarySwitches != run.UsageAfter.VoluntarySwitches);

        // A run with no exit but those that belong to it needs no looking at its batches: nothing was there to disturb them.
        bool undisturbed = run.UnexpectedExits == 0;
        bool[] disturbed = new bool[run.Parameters.Batches];
        if (!undisturbed)
        {
            double exitTicks = ExitCycles * ticksPerCycle;
            reasons |= When(GateReason.Noise, !(MarkDisturbed(run, isLong: false, exitTicks, disturbed) & MarkDisturbed(run, isLong: true, exitTicks, disturbed)));
        }

        List<BatchPair> pairs = [];
        for (int i = 0; i + 1 < disturbed.Length; i += 2)
        {
            if (!disturbed[i] && !disturbed[i + 1])
            {
                pairs.Add(PairAt(run, i));
            }
        }

        int total = disturbed.Length / 2;
        return new GatedRun
        {
            Reasons = reasons | When(GateReason.HostInterrupt, pairs.Count * 2 < total),
            Pairs = pairs,
            Disturbed = total - pairs.Count,
            TicksPerCycle = ticksPerCycle,
            Before = run.Results.Before,
            After = run.Results.After,
            BatchTicks = run.BatchTicks,
            Calls = run.TimedCalls,
            Elapsed = run.Elapsed,
            Exits = run.Statistics?.Exits,
            IrqExits = run.Statistics?.IrqExits,
            EmulatedInstructions = run.Statistics?.EmulatedInstructions,
            UnexpectedEmulations = run.UnexpectedEmulations,
        };
    }

    /// <summary>What KVM's own counts say. Without them only the batches' times are left, and the verdict tells.</summary>
    private static GateReason OfStatistics(CallRun run)
    {
        if (run.Statistics is not StatisticsDelta statistics)
        {
            return GateReason.None;
        }

        long pageFaults = statistics["pf_taken"] ?? 0;
        long signals = statistics.SignalExits ?? 0;
        long others = (run.UnexpectedExits ?? 0) - (statistics.IrqExits ?? 0) - pageFaults - signals;
        return When(GateReason.EmulatedInstruction, run.UnexpectedEmulations != 0)
            | When(GateReason.PageFault, pageFaults != 0)
            | When(GateReason.Signal, signals != 0)
            | When(GateReason.UnexpectedExit, others != 0);
    }

    /// <summary>Marks the batches of one length that may have an exit in them.</summary>
    /// <returns>Whether that can be told.</returns>
    private static bool MarkDisturbed(CallRun run, bool isLong, double exitTicks, bool[] disturbed)
    {
        int[] batches = [.. Enumerable.Range(0, disturbed.Length).Where(batch => CallLoop.IsLong(batch) == isLong)];
        if (batches.Length == 0)
        {
            return true;
        }

        CallLoopResults.BatchArray times = run.Results.Batches;
        double[] ticks = Array.ConvertAll(batches, batch => (double)times[batch].Ticks);
        double median = Median(ticks);
        double noise = Deviations * Median(Array.ConvertAll(ticks, value => Math.Abs(value - median)));
        double limit = run.Path.IsOnHost ? Math.Max(exitTicks, noise) : exitTicks;
        for (int i = 0; i < batches.Length; i++)
        {
            disturbed[batches[i]] = ticks[i] > median + limit;
        }

        return noise <= (run.Path.IsOnHost ? Math.Max(exitTicks, ProcessNoise * median) : exitTicks);
    }

    private static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static BatchPair PairAt(CallRun run, int batch)
    {
        CallLoopResults.BatchArray times = run.Results.Batches;
        (double shortTicks, double longTicks) = CallLoop.IsLong(batch)
            ? ((double)times[batch + 1].Ticks, (double)times[batch].Ticks)
            : (times[batch].Ticks, times[batch + 1].Ticks);
        return new((longTicks - shortTicks) / run.Calls, (2 * shortTicks) - longTicks);
    }

    private static GateReason When(GateReason reason, bool applies) => applies ? reason : GateReason.None;
}
