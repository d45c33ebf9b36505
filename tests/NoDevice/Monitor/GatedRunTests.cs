// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Native.Linux;

namespace Kvmsys.Tests.NoDevice.Monitor;

public sealed class GatedRunTests
{
    // 128 calls of 250 ticks in a batch, and 130 ticks of the timer's; a core cycle is a tick.
    private const uint Rounds = 16;
    private const uint Calls = Rounds * CallLoop.CallsPerRound;
    private const ulong CallTicks = 250;
    private const ulong Intercept = 130;
    private const uint Timer = 40;

    private static readonly ThreadUsage Usage = new(Cpu: 1, VoluntarySwitches: 7, InvoluntarySwitches: 3, PageFaults: 100);

    private static readonly Dictionary<string, long> Clean = new()
    {
        ["exits"] = 1,
        ["io_exits"] = 1,
        ["irq_exits"] = 0,
        ["signal_exits"] = 0,
        ["pf_taken"] = 0,
        ["insn_emulation"] = 0,
    };

    [Fact]
    public void The_difference_of_two_lengths_is_the_planted_cost_and_the_rest_the_planted_intercept()
    {
        GatedRun run = GatedRun.Of(Run());
        Assert.Equal(GateReason.None, run.Reasons);
        Assert.Equal(32, run.Pairs.Count);
        Assert.All(run.Pairs, pair => Assert.Equal(new BatchPair(CallTicks, Intercept), pair));
        Assert.Equal(1, run.TicksPerCycle, precision: 9);
        Assert.Equal(32UL * 3 * Calls, run.Calls);
    }

    [Fact]
    public void A_clock_that_drifts_steadily_during_the_run_does_not_shift_the_median()
    {
        // Each batch is a little slower than the one before; short and long ones come in an order in which that cancels.
        CallRun run = Run();
        CallLoopResults results = run.Results;
        for (int i = 0; i < Protocol.Batches; i++)
        {
            results.Batches[i].EndTicks += (ulong)i * 10;
        }

        double[] costs = [.. GatedRun.Of(run with { Results = results }).Pairs.Select(pair => pair.CallTicks)];
        Assert.Equal(CallTicks, costs.Average(), precision: 9);
    }

    [Theory]
    [InlineData("insn_emulation", 1, 0, GateReason.EmulatedInstruction)]
    [InlineData("exits", 2, 0, GateReason.UnexpectedExit)]
    [InlineData("pf_taken", 1, 1, GateReason.PageFault)]
    [InlineData("signal_exits", 1, 1, GateReason.Signal)]
    public void What_KVM_counts_beside_the_last_exit_discards_the_run(string statistic, long value, long otherExits, GateReason reason)
    {
        Dictionary<string, long> statistics = new(Clean) { [statistic] = value };
        statistics["exits"] += otherExits;
        Assert.Equal(reason, GatedRun.Of(Run(statistics)).Reasons);
    }

    [Fact]
    public void Exits_that_are_the_mechanisms_own_are_counted_against_its_calls()
    {
        // KVM intercepts #UD: an exit and an instruction that it counts as emulated for each call, those of the warm-up too.
        CallRun run = Run() with { Path = new(KernelProfile.Bare, EntryMechanism.InvalidOpcode) };
        CallLoopResults results = run.Results;
        results.WarmUpGroups = 3;
        run = run with { Results = results, Parameters = run.Parameters with { WarmUpRounds = 2 } };
        long calls = (32 * 3 * Calls) + (3 * 8 * 2 * CallLoop.CallsPerRound);
        Assert.Equal(GateReason.None, GatedRun.Of(run with { Statistics = Counted(calls) }).Reasons);
        Assert.Equal(GateReason.UnexpectedExit | GateReason.EmulatedInstruction, GatedRun.Of(run with { Statistics = Counted(calls + 1) }).Reasons);
        Assert.Equal(GateReason.UnexpectedExit | GateReason.EmulatedInstruction, GatedRun.Of(run with { Statistics = Counted(calls - 1) }).Reasons);

        static StatisticsDelta Counted(long calls) => new(new Dictionary<string, long>(Clean) { ["exits"] = 1 + calls, ["insn_emulation"] = calls });
    }

    [Fact]
    public void Statistics_that_do_not_tell_of_emulation_discard_the_run()
    {
        Dictionary<string, long> statistics = new(Clean);
        statistics.Remove("insn_emulation");
        Assert.Equal(GateReason.EmulatedInstruction, GatedRun.Of(Run(statistics)).Reasons);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(11)]
    public void An_interrupt_of_the_hosts_takes_its_pair_of_batches_and_no_more(int batch)
    {
        GatedRun run = GatedRun.Of(Disturb(Run(Interrupted(1)), batch, 3000));
        Assert.Equal(GateReason.None, run.Reasons);
        Assert.Equal((31, 1), (run.Pairs.Count, run.Disturbed));
        Assert.All(run.Pairs, pair => Assert.Equal(CallTicks, pair.CallTicks));
    }

    [Fact]
    public void A_batch_as_long_as_without_an_exit_stays_when_the_interrupt_came_elsewhere() =>
        Assert.Equal(32, GatedRun.Of(Disturb(Run(Interrupted(1)), 10, 100)).Pairs.Count);

    [Fact]
    public void Nothing_is_dropped_from_a_run_without_an_exit_however_long_a_batch_took() =>
        Assert.Equal(32, GatedRun.Of(Disturb(Run(), 10, 3000)).Pairs.Count);

    [Fact]
    public void A_run_of_which_interrupts_leave_less_than_half_is_discarded()
    {
        CallRun run = Run(Interrupted(17));
        for (int pair = 0; pair < 17; pair++)
        {
            run = Disturb(run, 2 * pair, 3000);
        }

        // Disturbed are the short batches of some pairs and the long ones of others, never most of either.
        Assert.Equal(GateReason.HostInterrupt, GatedRun.Of(run).Reasons);
    }

    [Fact]
    public void A_run_so_noisy_that_an_exit_could_hide_in_it_is_discarded()
    {
        CallRun run = Run(Interrupted(1));
        for (int i = 0; i < Protocol.Batches; i++)
        {
            run = Disturb(run, i, (ulong)(i / 2 % 2) * 400);
        }

        Assert.Equal(GateReason.Noise, GatedRun.Of(run).Reasons);
    }

    [Fact]
    public void Without_statistics_a_batch_that_is_longer_by_an_exit_is_dropped()
    {
        GatedRun run = GatedRun.Of(Disturb(Run() with { Statistics = null }, 10, 3000));
        Assert.Equal((GateReason.None, 31), (run.Reasons, run.Pairs.Count));
    }

    [Theory]
    [InlineData(3.0, 1.0, GateReason.None)]
    [InlineData(3.04, 1.0, GateReason.None)]
    [InlineData(3.1, 1.0, GateReason.ChainRatio)]
    [InlineData(2.9, 1.0, GateReason.ChainRatio)]
    [InlineData(3.0, 1.004, GateReason.None)]
    [InlineData(3.0, 1.006, GateReason.ClockDrift)]
    [InlineData(3.0, 0.994, GateReason.ClockDrift)]
    public void The_chains_must_be_a_CPUs_and_the_clock_steady(double multiply, double clockAfter, GateReason reason)
    {
        CallRun run = Run();
        CallLoopResults results = run.Results;
        results.Before = Times(multiply, 1);
        results.After = Times(3, clockAfter);
        Assert.Equal(reason, GatedRun.Of(run with { Results = results }).Reasons);
    }

    [Fact]
    public void Chains_that_were_never_timed_discard_the_run()
    {
        CallRun run = Run();
        CallLoopResults results = run.Results;
        results.Before = default;
        results.After = default;
        Assert.Equal(GateReason.ChainRatio | GateReason.ClockDrift, GatedRun.Of(run with { Results = results }).Reasons);
    }

    [Fact]
    public void A_timer_that_exits_discards_the_run()
    {
        CallRun run = Run();
        CallLoopResults results = run.Results;
        results.After = Times(3, 1, timer: 1000);
        Assert.Equal(GateReason.SlowTimer, GatedRun.Of(run with { Results = results }).Reasons);
    }

    [Fact]
    public void A_warm_up_without_a_plateau_discards_the_run()
    {
        CallRun run = Run();
        CallLoopResults results = run.Results;
        results.ReachedPlateau = 0;
        Assert.Equal(GateReason.NoPlateau, GatedRun.Of(run with { Results = results }).Reasons);
    }

    [Theory]
    [InlineData(2, 7, 3, GateReason.Migrated)]
    [InlineData(1, 8, 3, GateReason.Preempted)]
    [InlineData(1, 7, 4, GateReason.Preempted)]
    public void A_thread_that_moved_or_stood_still_discards_the_run(int cpu, long voluntary, long involuntary, GateReason reason) => Assert.Equal(
        reason,
        GatedRun.Of(Run() with { UsageAfter = Usage with { Cpu = cpu, VoluntarySwitches = voluntary, InvoluntarySwitches = involuntary } }).Reasons);

    [Theory]
    [InlineData(1000, 3_000_000_000, false)]
    [InlineData(1000, 3_002_000_000, false)]
    [InlineData(1000, 3_004_000_000, true)]
    [InlineData(1000, 2_996_000_000, true)]
    [InlineData(1000, 1_500_000_000, true)]
    [InlineData(1000, 0, true)]
    [InlineData(99, 0, false)]
    public void A_TSC_that_does_not_keep_time_with_the_host_is_seen(int milliseconds, ulong ticks, bool wrong) =>
        Assert.Equal(wrong, PathSession.IsWrongRate(TimeSpan.FromMilliseconds(milliseconds), ticks, tscKhz: 3_000_000));

    [Fact]
    public void Discards_count_pairs_and_say_why()
    {
        GatedRun clean = GatedRun.Of(Run());
        GatedRun interrupted = GatedRun.Of(Disturb(Run(Interrupted(1)), 10, 3000));
        GatedRun migrated = GatedRun.Of(Run() with { UsageAfter = Usage with { Cpu = 2, InvoluntarySwitches = 9 } });
        Discards discards = Discards.Of([clean, interrupted, migrated, clean]);
        Assert.Equal((4 * 32, 33), (discards.Pairs, discards.DiscardedPairs));
        Assert.Equal(33.0 / 128, discards.Share);
        Assert.Equal(
            new Dictionary<GateReason, int> { [GateReason.HostInterrupt] = 1, [GateReason.Preempted] = 32, [GateReason.Migrated] = 32 },
            discards.Reasons);
    }

    private static Dictionary<string, long> Interrupted(int times) => new(Clean) { ["exits"] = 1 + times, ["irq_exits"] = times };

    private static CalibrationTimes Times(double multiply, double ticksPerCycle, uint timer = Timer) => new()
    {
        AddChainTicks = (uint)(CalibrationChain.Length * ticksPerCycle) + timer,
        MultiplyChainTicks = (uint)(CalibrationChain.Length * ticksPerCycle * multiply) + timer,
        FloatChainTicks = (uint)(CalibrationChain.Length * ticksPerCycle * 4) + timer,
        TimerTicks = timer,
    };

    [Theory]
    [InlineData(800, 32, GateReason.None)]
    [InlineData(3000, 31, GateReason.None)]
    public void A_process_of_the_hosts_loses_the_batches_that_are_longer_than_its_noise(ulong ticks, int pairs, GateReason reasons)
    {
        // Half of the batches are 400 ticks longer, so that six deviations are 1200, more than the 500 cycles by which an exit is told.
        GatedRun run = GatedRun.Of(Disturb(Noisy(400), 10, ticks));
        Assert.Equal((pairs, reasons), (run.Pairs.Count, run.Reasons));
    }

    [Theory]
    [InlineData(200, GateReason.None)]
    [InlineData(3000, GateReason.Noise)]
    public void A_process_that_is_noise_is_not_counted(ulong ticks, GateReason reasons) => Assert.Equal(reasons, GatedRun.Of(Noisy(ticks)).Reasons);

    [Fact]
    public void A_page_fault_of_a_process_discards_the_run() => Assert.Equal(
        GateReason.PageFault,
        GatedRun.Of(Noisy(0) with { UsageAfter = Usage with { PageFaults = Usage.PageFaults + 1 } }).Reasons);

    /// <summary>A run of a process, of whose batches every other pair is so much longer.</summary>
    private static CallRun Noisy(ulong ticks)
    {
        CallRun run = Run() with { Path = new(KernelProfile.Host64, EntryMechanism.Syscall), Statistics = null };
        for (int i = 0; i < Protocol.Batches; i++)
        {
            run = i % 8 < 4 ? run : Disturb(run, i, ticks);
        }

        return run;
    }

    private static CallRun Run(IReadOnlyDictionary<string, long>? statistics = null)
    {
        CallLoopResults results = new() { Before = Times(3, 1), After = Times(3, 1), ReachedPlateau = 1 };
        ulong now = 1000;
        for (int i = 0; i < Protocol.Batches; i++)
        {
            ulong ticks = Intercept + (CallTicks * Calls * (CallLoop.IsLong(i) ? 2UL : 1));
            results.Batches[i] = new() { StartTicks = now, EndTicks = now + ticks };
            now += ticks + 50;
        }

        return new CallRun
        {
            Path = new(KernelProfile.Bare, EntryMechanism.Int80),
            Parameters = new() { Rounds = Rounds, Batches = Protocol.Batches },
            Results = results,
            Statistics = new StatisticsDelta(statistics ?? Clean),
            Elapsed = TimeSpan.FromMilliseconds(5),
            UsageBefore = Usage,
            UsageAfter = Usage,
        };
    }

    private static CallRun Disturb(CallRun run, int batch, ulong ticks)
    {
        CallLoopResults results = run.Results;
        results.Batches[batch].EndTicks += ticks;
        return run with { Results = results };
    }
}
