// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Microsoft.Extensions.Hosting;

namespace Kvmsys.Monitor.Daemon;

/// <summary>What has the jobs made that were submitted: on this host, or on those of a farm.</summary>
internal abstract class JobEngine : BackgroundService
{
    private long _steps;
    private long _stepped = Stopwatch.GetTimestamp();

    /// <summary>Grows as long as the engine goes on: what a watchdog looks at.</summary>
    public long Steps => Interlocked.Read(ref _steps);

    /// <summary>How long ago the last step was.</summary>
    public TimeSpan SinceStep => Stopwatch.GetElapsedTime(Interlocked.Read(ref _stepped));

    /// <summary>The job that runs now on this host; null for none.</summary>
    public virtual (Job Job, int Attempt)? Current { get; protected set; }

    /// <summary>Whether results wait for room on the disk.</summary>
    public bool WaitsForRoom { get; protected set; }

    /// <summary>How far a job is; null when it does not run, or when it has not told yet.</summary>
    public abstract JobStatus? ProgressOf(long job);

    /// <summary>Why a job is none for this engine; null where it is one.</summary>
    public virtual string? ObjectionTo(JobRequest request) => request.Target is null ? null : "target: this daemon is of one host; a farm's controller has several";

    /// <summary>Tells the engine that there may be something to do.</summary>
    public abstract void Wake();

    /// <summary>Ends a job, wherever it is.</summary>
    /// <returns>The job as it is now; null when there is none.</returns>
    /// <exception cref="StoreFullException">There is no room to note it.</exception>
    public abstract Job? Cancel(long id);

    /// <summary>Shows that the engine goes on.</summary>
    protected void Step()
    {
        Interlocked.Increment(ref _steps);
        Interlocked.Exchange(ref _stepped, Stopwatch.GetTimestamp());
    }
}
