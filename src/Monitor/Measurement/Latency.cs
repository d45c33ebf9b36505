// SPDX-License-Identifier: MIT

using HdrHistogram;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Statistics;
using Kvmsys.Native;

namespace Kvmsys.Monitor.Measurement;

/// <summary>
/// Times calls one by one, each between two readings of the TSC, and keeps every one of them: what a bench's medians are made to leave out is looked
/// at here. docs/MEASUREMENT.md has the reasons.
/// </summary>
/// <param name="host">The host.</param>
/// <param name="path">The entry path.</param>
/// <param name="program">Its program, with one call in a round.</param>
public sealed class Latency(HostEnvironment host, EntryPath path, IMeasuredProgram program)
{
    /// <summary>Calls that a run times: so few that most runs meet no interrupt.</summary>
    public const uint CallsPerRun = CallLoop.MaxBatches;

    /// <summary>A call that took so much longer than the median of the first thousand is in the tail: half of the cheapest exit, as the gate has it.</summary>
    public const double TailCycles = 500;

    // Eight groups of eight batches of eight calls, as long as they become shorter.
    private const uint WarmUpCalls = 8;
    private const uint WarmUpGroups = 8;

    // An hour of a TSC of 5 GHz, and three digits of every value.
    private const long MostTicks = 20_000_000_000_000;
    private const int DigitsOfTicks = 3;

    // Times that the TSC's step is told by; the histogram rounds those that are longer.
    private const int LongestForStep = 1999;

    // Runs whose median the tail begins behind: a thousand calls.
    private const int PilotRuns = 16;

    private readonly LongHistogram _ticks = new(MostTicks, DigitsOfTicks);
    private readonly bool[] _short = new bool[LongestForStep + 1];
    private readonly List<CalibrationTimes> _calibrations = [];
    private readonly List<CallRun> _pilot = [];
    private LatencyTail? _tail;
    private int _runs;
    private ulong _batchTicks;
    private TimeSpan _elapsed;
    private long? _emulations = 0;

    /// <summary>Calls that were timed.</summary>
    public long Samples => _ticks.TotalCount;

    private double TicksPerCycle => new Calibration(Calibration.Typical(_calibrations)).TicksPerCycle;

    /// <summary>Times at least so many calls.</summary>
    /// <param name="samples">Calls, 1 or more.</param>
    /// <param name="timeLimit">How long one run may take.</param>
    /// <param name="progress">Called after each run; null for nobody.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="GuestStoppedException">The program did not come to its end.</exception>
    /// <exception cref="KvmException">KVM refused something.</exception>
    public void Run(long samples, TimeSpan timeLimit, Action? progress = null, CancellationToken cancellation = default)
    {
        CallLoopParameters parameters = new()
        {
            Rounds = 1,
            Batches = CallsPerRun,
            WarmUpRounds = WarmUpCalls,
            WarmUpGroups = WarmUpGroups,
            AllShort = 1,
        };

        // The first run touches every page.
        program.Run(parameters, timeLimit, cancellation);
        while (Samples < samples)
        {
            Add(program.Run(parameters, timeLimit, cancellation));
            progress?.Invoke();
        }
    }

    /// <summary>What was found, after a run at least.</summary>
    public LatencyResult Result() => new()
    {
        Path = path,
        Ticks = _ticks,
        TicksPerCycle = TicksPerCycle,
        TscKhz = program.TscKhz,
        TscStepTicks = ClockStep.Of(Enumerable.Range(0, LongestForStep + 1).Where(ticks => _short[ticks]).Select(ticks => (long)ticks)),
        Runs = _runs,
        Tail = _tail ?? TailOfPilot(),
        Proof = HardwareProof.OfRuns(host, path, _calibrations, _batchTicks, (ulong)Samples, program.TscKhz, _emulations, _elapsed),
    };

    /// <summary>Takes a run in, and keeps nothing of it that grows with their number but the calibrations.</summary>
    private void Add(CallRun run)
    {
        CallLoopResults.BatchArray batches = run.Results.Batches;
        for (int i = 0; i < run.Parameters.Batches; i++)
        {
            // A TSC that went backwards is told by the verdict; a histogram has no place for it.
            long ticks = (long)Math.Min(batches[i].Ticks, MostTicks);
            _ticks.RecordValue(ticks);
            if (ticks <= LongestForStep)
            {
                _short[ticks] = true;
            }
        }

        _calibrations.AddRange([run.Results.Before, run.Results.After]);
        _batchTicks += run.BatchTicks;
        _elapsed += run.Elapsed;
        _emulations += run.UnexpectedEmulations;
        _runs++;
        if (_tail is not null)
        {
            _tail = _tail.With(run);
            return;
        }

        _pilot.Add(run);
        _tail = _pilot.Count == PilotRuns ? TailOfPilot() : null;
    }

    private LatencyTail TailOfPilot()
    {
        LatencyTail tail = new(_ticks.GetValueAtPercentile(50) + (TailCycles * TicksPerCycle), 0, 0, 0);
        return _pilot.Aggregate(tail, (sum, run) => sum.With(run));
    }
}
