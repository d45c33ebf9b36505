// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;

namespace Kvmsys.Monitor.Daemon.Metrics;

/// <summary>What the gauges say, read when somebody asks: nothing is kept up to date while nobody does.</summary>
/// <param name="Started">Since when the daemon runs.</param>
/// <param name="Jobs">Jobs in each state.</param>
/// <param name="OldestQueued">When the job was submitted that has waited longest; null when none waits.</param>
/// <param name="Cordoned">Whether no job is begun.</param>
/// <param name="WaitsForRoom">Whether a result waits for room on the disk.</param>
/// <param name="SetAside">Whether the database was found damaged.</param>
/// <param name="Latest">What the latest benches say.</param>
/// <param name="Farm">What a farm's controller says of it; null for a daemon of one host.</param>
internal sealed record MetricsReading(
    DateTimeOffset Started,
    IReadOnlyDictionary<JobState, long> Jobs,
    DateTimeOffset? OldestQueued,
    bool Cordoned,
    bool WaitsForRoom,
    bool SetAside,
    IReadOnlyList<ResultVerdict> Latest,
    FarmReading? Farm)
{
    /// <summary>Reads them.</summary>
    /// <param name="store">The jobs.</param>
    /// <param name="loop">Makes them.</param>
    /// <param name="started">Since when the daemon runs.</param>
    /// <param name="farm">What a farm's controller says of it; null for a daemon of one host.</param>
    /// <exception cref="StoreException">The database cannot be read.</exception>
    public static MetricsReading Of(JobStore store, JobEngine loop, DateTimeOffset started, FarmReading? farm) =>
        new(started, store.Counts(), store.OldestQueued(), store.IsCordoned, loop.WaitsForRoom, store.SetAside is not null, store.Latest(), farm);
}
