// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Kvmsys.Guest.Programs;

namespace Kvmsys.Monitor.Measurement;

/// <summary>One entry path in one session: its program, how long its batches are, and the runs that it has made.</summary>
/// <param name="path">The path.</param>
/// <param name="program">The program, which is disposed with this.</param>
internal sealed class PathSession(EntryPath path, IMeasuredProgram program) : IDisposable
{
    // So few calls that the pilot takes some milliseconds where each exits, and so many that the timer's own time does not matter.
    private const uint PilotRounds = 4;
    private const uint PilotBatches = 16;

    private const uint MaxRounds = 1 << 20;

    // Where KVM does not tell the TSC's rate, batches are sized as if it were this.
    private const int LikelyTscKhz = 3_000_000;

    // A clock that keeps time, and a rate that KVM tells, agree better than this; over a shorter time than the least, it cannot be seen.
    private const double RateTolerance = 0.001;
    private static readonly TimeSpan LeastTimeForRate = TimeSpan.FromMilliseconds(100);

    private readonly List<GatedRun> _runs = [];
    private (long HostTicks, ulong GuestTicks) _firstClocks;
    private (long HostTicks, ulong GuestTicks) _lastClocks;
    private CallLoopParameters _parameters;

    /// <summary>The path.</summary>
    public EntryPath Path { get; } = path;

    /// <summary>The program.</summary>
    public IMeasuredProgram Program { get; } = program;

    /// <summary>The runs so far, after the gate.</summary>
    public IReadOnlyList<GatedRun> Runs => _runs;

    /// <summary>Makes the first two runs, which are not counted: one that touches every page, and one that tells how long a call takes.</summary>
    public void SizeBatches(TimeSpan timeLimit, CancellationToken cancellation)
    {
        CallLoopParameters pilot = new() { Rounds = 1, Batches = 2, WarmUpRounds = 1, WarmUpGroups = 1 };
        Program.Run(pilot, timeLimit, cancellation);
        pilot = pilot with { Rounds = PilotRounds, WarmUpRounds = PilotRounds, Batches = PilotBatches };
        CallRun run = Program.Run(pilot, timeLimit, cancellation);
        _parameters = ParametersFor(TicksPerRound(run), Program.TscKhz ?? LikelyTscKhz);
    }

    /// <summary>Makes a run that counts.</summary>
    public void Run(TimeSpan timeLimit, CancellationToken cancellation)
    {
        CallRun run = Program.Run(_parameters, timeLimit, cancellation);
        CallLoopResults.BatchArray batches = run.Results.Batches;
        _lastClocks = (Stopwatch.GetTimestamp(), batches[(int)run.Parameters.Batches - 1].EndTicks);
        if (_runs.Count == 0)
        {
            _firstClocks = _lastClocks;
        }

        _runs.Add(GatedRun.Of(run));
    }

    /// <summary>What the session is worth, with what only all of its runs together can tell.</summary>
    public IReadOnlyList<GatedRun> Close() =>
        HasWrongTscRate() ? [.. _runs.Select(run => run with { Reasons = run.Reasons | GateReason.TscRate })] : _runs;

    /// <inheritdoc/>
    public void Dispose() => Program.Dispose();

    /// <summary>The parameters of the runs that count.</summary>
    /// <param name="ticksPerRound">What a round of calls takes.</param>
    /// <param name="tscKhz">The TSC's rate.</param>
    internal static CallLoopParameters ParametersFor(double ticksPerRound, int tscKhz)
    {
        double ticksPerMillisecond = tscKhz;
        uint rounds = 1;
        while (rounds * ticksPerRound < Protocol.Batch.TotalMilliseconds * ticksPerMillisecond && rounds < MaxRounds)
        {
            rounds *= 2;
        }

        double warmUp = Math.Max(
            Protocol.WarmUp.TotalMilliseconds * ticksPerMillisecond,
            ticksPerRound * Protocol.WarmUpCalls / CallLoop.CallsPerRound);
        return new CallLoopParameters
        {
            Rounds = rounds,
            Batches = Protocol.Batches,
            WarmUpRounds = rounds,
            WarmUpTicks = (uint)Math.Min(warmUp, uint.MaxValue / 2),
            WarmUpGroups = Protocol.WarmUpGroups,
        };
    }

    /// <summary>The time of the shortest long batch, which is free of interrupts, by the rounds that it has.</summary>
    private static double TicksPerRound(CallRun run)
    {
        CallLoopResults.BatchArray batches = run.Results.Batches;
        double shortest = double.PositiveInfinity;
        for (int i = 0; i < run.Parameters.Batches; i++)
        {
            if (CallLoop.IsLong(i))
            {
                shortest = Math.Min(shortest, batches[i].Ticks / (2.0 * run.Parameters.Rounds));
            }
        }

        return Math.Max(shortest, 1);
    }

    /// <summary>A process's rate is measured and not told.</summary>
    private bool HasWrongTscRate() =>
        !Path.IsOnHost
        && Program.TscKhz is int tscKhz
        && IsWrongRate(
            Stopwatch.GetElapsedTime(_firstClocks.HostTicks, _lastClocks.HostTicks), _lastClocks.GuestTicks - _firstClocks.GuestTicks, tscKhz);

    /// <summary>Whether the TSC ticked at another rate than KVM tells, over a time that is long enough to say.</summary>
    /// <param name="host">The time by the host's clock.</param>
    /// <param name="guestTicks">The same by the guest's TSC.</param>
    /// <param name="tscKhz">The rate that KVM tells.</param>
    internal static bool IsWrongRate(TimeSpan host, ulong guestTicks, int tscKhz) =>
        host >= LeastTimeForRate && !(Math.Abs(((double)guestTicks / tscKhz / host.TotalMilliseconds) - 1) <= RateTolerance);
}
