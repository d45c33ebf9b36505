// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Kvmsys.Monitor.Host;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native;

namespace Kvmsys.Monitor.Measurement;

/// <summary>
/// Carries out a plan: session by session, each with new machines and processes, and in a session one run after the other in random order, so that what changes
/// slowly on the host changes all results alike. What it has measured is there whatever ends it.
/// </summary>
/// <param name="host">The host.</param>
/// <param name="plan">What to do.</param>
/// <param name="programOf">Makes the program of an entry path, with a seed that decides where its pages lie.</param>
public sealed class Bench(HostEnvironment host, BenchPlan plan, Func<EntryPath, int, IMeasuredProgram> programOf)
{
    private readonly Dictionary<EntryPath, List<SessionOfPath>> _sessions = plan.Paths.ToDictionary(path => path, _ => new List<SessionOfPath>());

    /// <summary>Runs that were made.</summary>
    public int RunsDone { get; private set; }

    /// <summary>What the host granted the last guest, or where there is none, the last process.</summary>
    public GrantedPlacement Placed { get; private set; }

    /// <summary>Time that went into making machines.</summary>
    public TimeSpan SetUpTime { get; private set; }

    /// <summary>Time in runs, from before KVM_RUN until after it.</summary>
    public TimeSpan GuestTime { get; private set; }

    /// <summary>Measures.</summary>
    /// <param name="timeLimit">How long one run may take.</param>
    /// <param name="progress">Called after each run; null for nobody.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="GuestStoppedException">A guest did not come to its end.</exception>
    /// <exception cref="KvmException">KVM refused something.</exception>
    public void Run(TimeSpan timeLimit, Action? progress = null, CancellationToken cancellation = default)
    {
        Random random = new(plan.Seed);
        for (int session = 0; session < plan.Protocol.Sessions; session++)
        {
            RunSession(random, timeLimit, progress, cancellation);
        }
    }

    /// <summary>What is known by now, in the plan's order; a mechanism without a run is not among it.</summary>
    public IReadOnlyList<MechanismResult> Results() =>
    [
        .. from mechanism in plan.Mechanisms
           let paths = plan.Paths.Where(path => path with { Alignment = mechanism.Alignment } == mechanism).ToArray()
           where paths.Any(path => _sessions[path].Count > 0)
           select ResultOf(mechanism, paths),
    ];

    private void RunSession(Random random, TimeSpan timeLimit, Action? progress, CancellationToken cancellation)
    {
        List<PathSession> paths = [];
        try
        {
            long start = Stopwatch.GetTimestamp();
            foreach (EntryPath path in plan.Paths)
            {
                PathSession made = new(path, programOf(path, random.Next()));
                paths.Add(made);
                made.SizeBatches(timeLimit, cancellation);
            }

            SetUpTime += Stopwatch.GetElapsedTime(start);
            Placed = (paths.FindLast(path => !path.Path.IsOnHost) ?? paths[^1]).Program.Placed;
            PathSession[] order = [.. paths.SelectMany(path => Enumerable.Repeat(path, plan.Protocol.Runs))];
            random.Shuffle(order);
            foreach (PathSession path in order)
            {
                path.Run(timeLimit, cancellation);
                GuestTime += path.Runs[^1].Elapsed;
                RunsDone++;
                progress?.Invoke();
            }
        }
        finally
        {
            foreach (PathSession path in paths.Where(path => path.Runs.Count > 0))
            {
                _sessions[path.Path].Add(new(path.Close(), path.Program.TscKhz));
            }

            paths.ForEach(path => path.Dispose());
        }
    }

    private MechanismResult ResultOf(EntryPath mechanism, EntryPath[] paths)
    {
        GatedRun[] runs = [.. paths.SelectMany(path => _sessions[path]).SelectMany(session => session.Runs)];
        int? tscKhz = paths.SelectMany(path => _sessions[path]).First().TscKhz;
        HardwareProof proof = Prove(mechanism, runs, tscKhz);

        // No figure of an emulator's is a CPU's, so there is nothing to keep clean; who asks for them gets all that are numbers.
        bool gated = proof.Verdict != Verdict.Emulated;
        int count = paths.Max(path => _sessions[path].Count);
        IReadOnlyList<double>[] Values(IEnumerable<EntryPath> some, Func<BatchPair, GatedRun, double> value) =>
        [
            .. from session in Enumerable.Range(0, count)
               select (IReadOnlyList<double>)
               [
                   .. from path in some
                      where session < _sessions[path].Count
                      from run in _sessions[path][session].Runs
                      where gated ? run.Reasons == GateReason.None : run.TicksPerCycle > 0
                      from pair in run.Pairs
                      select value(pair, run),
               ],
        ];

        return new MechanismResult
        {
            Profile = mechanism.Profile,
            Mechanism = mechanism.Mechanism,
            Mitigation = mechanism.Mitigation,
            Proof = proof,
            Runs = runs.Length,
            Discards = Discards.Of(runs),
            Cycles = CallCost.Of(Values(paths, (pair, run) => pair.CallTicks / run.TicksPerCycle)),
            Ticks = CallCost.Of(Values(paths, (pair, _) => pair.CallTicks)),
            Nanoseconds = tscKhz is int rate ? CallCost.Of(Values(paths, (pair, _) => pair.CallTicks * 1e6 / rate)) : null,
            InterceptCycles = CallCost.Of(Values(paths, (pair, run) => pair.InterceptTicks / run.TicksPerCycle))?.Estimate,
            ByAlignment = paths.ToDictionary(
                path => path.Alignment, path => CallCost.Of(Values([path], (pair, run) => pair.CallTicks / run.TicksPerCycle))),
            TscKhz = tscKhz,
            Calls = runs.Aggregate(0UL, (sum, run) => sum + run.Calls),
            Exits = Sum(runs, run => run.Exits),
            IrqExits = Sum(runs, run => run.IrqExits),
            EmulatedInstructions = Sum(runs, run => run.EmulatedInstructions),
        };
    }

    private HardwareProof Prove(EntryPath mechanism, GatedRun[] runs, int? tscKhz) => HardwareProof.OfRuns(
        host,
        mechanism,
        runs.SelectMany(run => new[] { run.Before, run.After }),
        runs.Aggregate(0UL, (sum, run) => sum + run.BatchTicks),
        runs.Aggregate(0UL, (sum, run) => sum + run.Calls),
        tscKhz,
        Sum(runs, run => run.UnexpectedEmulations),
        runs.Aggregate(TimeSpan.Zero, (sum, run) => sum + run.Elapsed));

    private static long? Sum(GatedRun[] runs, Func<GatedRun, long?> count) =>
        runs.Aggregate((long?)0, (sum, run) => sum + count(run));

    private sealed record SessionOfPath(IReadOnlyList<GatedRun> Runs, int? TscKhz);
}
