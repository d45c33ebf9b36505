// SPDX-License-Identifier: MIT

using System.Collections.Immutable;

namespace Kvmsys.Monitor.Measurement;

/// <summary>How often is measured, and for how long. docs/MEASUREMENT.md has the reasons.</summary>
/// <param name="Sessions">Times that every machine is made anew, with its pages in other frames, 1 or more.</param>
/// <param name="Runs">Runs of each entry path in a session, 1 or more.</param>
/// <param name="Alignments">Where in their cache lines loop and entry start, in bytes.</param>
public sealed record Protocol(int Sessions, int Runs, ImmutableArray<int> Alignments)
{
    /// <summary>The most sessions of a bench.</summary>
    public const int MostSessions = 1000;

    /// <summary>The most runs of a path in a session.</summary>
    public const int MostRuns = 100_000;

    /// <summary>Batches in a run: half of them short, half of them long.</summary>
    public const int Batches = 64;

    /// <summary>
    /// The least time of a short batch; it takes less than twice as much. A host's timer of 1000 Hz then leaves 19 of 20 pairs of batches alone,
    /// and a TSC that steps by 36 ticks is exact to a thousandth at 1.8 GHz.
    /// </summary>
    public static readonly TimeSpan Batch = TimeSpan.FromMicroseconds(20);

    /// <summary>The least time of a run's warm-up.</summary>
    public static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(2);

    /// <summary>The least number of calls in a run's warm-up.</summary>
    public const uint WarmUpCalls = 1000;

    /// <summary>Groups of eight batches after which a warm-up ends without a plateau: 10 to 20 ms.</summary>
    public const uint WarmUpGroups = 64;

    /// <summary>
    /// At most 2 s a mechanism: 6 * 8 * 4 runs of at most 9.4 ms. Six sessions are the fewest whose medians have a 95 % interval.
    /// </summary>
    public static readonly Protocol Quick = new(Sessions: 6, Runs: 8, [0, 16, 32, 48]);

    /// <summary>At most 60 s a mechanism: 20 * 75 * 4 runs of at most 9.4 ms.</summary>
    public static readonly Protocol Full = new(Sessions: 20, Runs: 75, [0, 16, 32, 48]);

    /// <summary>One run of each path: what is right is shown, what it costs is not.</summary>
    public static readonly Protocol Functional = new(Sessions: 1, Runs: 1, [0]);
}
