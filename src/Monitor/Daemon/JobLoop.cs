// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Metrics;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.History;
using Kvmsys.Native.Linux;
using Microsoft.Extensions.Logging;

namespace Kvmsys.Monitor.Daemon;

/// <summary>Takes one job after the other, and keeps what each attempt has come to before it takes the next.</summary>
/// <param name="settings">How the daemon is set.</param>
/// <param name="store">The jobs.</param>
/// <param name="runner">Makes the attempts.</param>
/// <param name="regressions">What has become dearer in the benches.</param>
/// <param name="metrics">Counts them.</param>
/// <param name="logger">The daemon's log.</param>
internal sealed partial class JobLoop(DaemonSettings settings, JobStore store, JobRunner runner, RegressionStore regressions, DaemonMetrics metrics, ILogger<JobLoop> logger) : JobEngine
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BetweenPrunings = TimeSpan.FromHours(1);
    private static readonly TimeSpan FullDiskPause = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _somethingNew = new(0);
    private readonly Lock _lock = new();
    private CancellationTokenSource? _cancelling;
    private long? _pruned;

    // None: starting is work too.
    private int _collections = -1;

    /// <inheritdoc/>
    public override JobStatus? ProgressOf(long job) => Current?.Job.Id == job ? runner.Current?.Status : null;

    /// <inheritdoc/>
    public override void Wake()
    {
        if (_somethingNew.CurrentCount == 0)
        {
            _somethingNew.Release();
        }
    }

    /// <inheritdoc/>
    public override Job? Cancel(long id)
    {
        Job? job = store.Cancel(id);
        lock (_lock)
        {
            if (Current?.Job.Id == id)
            {
                _cancelling?.Cancel();
            }
        }

        return job;
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            Step();
            try
            {
                Prune();
                if (store.IsCordoned || store.TakeNext() is not (Job job, int attempt))
                {
                    ReleaseMemory();
                    await Pause(store.IsCordoned ? LongestPause : store.UntilNext() ?? LongestPause, stoppingToken).ConfigureAwait(false);
                    continue;
                }

                await Attempt(job, attempt, stoppingToken).ConfigureAwait(false);
            }
            catch (StoreFullException exception)
            {
                LogFull(exception.Message);
                await Pause(FullDiskPause, stoppingToken).ConfigureAwait(false);
            }
        }
    }

    private async Task Attempt(Job job, int attempt, CancellationToken stopping)
    {
        using CancellationTokenSource cancelling = new();

        // What runs may come to its end when the daemon is asked to stop, as long as that does not take long.
        using CancellationTokenSource stop = new();
        using CancellationTokenRegistration grace = stopping.Register(() => stop.CancelAfter(TimeSpan.FromSeconds(settings.StopSeconds)));
        lock (_lock)
        {
            (Current, _cancelling) = ((job, attempt), cancelling);
        }

        LogBegin(job.Id, attempt);
        AttemptEnd end;
        HistoryEntry? bench;
        IReadOnlyList<HistoryFigure> figures;
        try
        {
            // Somebody may have cancelled it before it could be told here.
            if (store.Find(job.Id)!.CancelRequested)
            {
                await cancelling.CancelAsync().ConfigureAwait(false);
            }

            (end, bench, figures) = await Beat(runner.Run(job, attempt, cancelling.Token, stop.Token)).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
            {
                (Current, _cancelling) = (null, null);
            }
        }

        Job settled = await Keep(job.Id, attempt, end, bench, figures).ConfigureAwait(false);
        metrics.Ended(job.Request.Kind, end.Outcome);
        LogEnd(job.Id, attempt, end.Outcome, settled.State, end.Reason);
        if (settled.State == JobState.Done && bench is not null)
        {
            HistoryEntry kept = bench with { Id = job.Id };
            foreach (JobEvent found in regressions.LookFor([.. figures.Select(figure => figure with { Entry = kept })]))
            {
                LogFound(found.Kind, found.Text);
            }
        }
    }

    /// <summary>Keeps a result, whenever there is room for it: nothing else is measured before.</summary>
    private async Task<Job> Keep(long job, int attempt, AttemptEnd end, HistoryEntry? bench, IReadOnlyList<HistoryFigure> figures)
    {
        while (true)
        {
            try
            {
                return store.Finish(job, attempt, end, bench, figures);
            }
            catch (StoreFullException exception)
            {
                WaitsForRoom = true;
                LogFull(exception.Message);
                await Beat(Task.Delay(FullDiskPause)).ConfigureAwait(false);
            }
            finally
            {
                WaitsForRoom = false;
            }
        }
    }

    /// <summary>Waits for something that has a deadline of its own, and shows meanwhile that the loop is there.</summary>
    private async Task<T> Beat<T>(Task<T> task)
    {
        await Beat((Task)task).ConfigureAwait(false);
        return await task.ConfigureAwait(false);
    }

    private async Task Beat(Task task)
    {
        while (await Task.WhenAny(task, Task.Delay(LongestPause)).ConfigureAwait(false) != task)
        {
            Step();
        }

        await task.ConfigureAwait(false);
    }

    /// <summary>Forgets, now and then, what was kept long enough.</summary>
    private void Prune()
    {
        if (_pruned is long before && Stopwatch.GetElapsedTime(before) < BetweenPrunings)
        {
            return;
        }

        _pruned = Stopwatch.GetTimestamp();
        if (store.Prune(TimeSpan.FromDays(settings.KeepDays)) is int attempts and > 0)
        {
            LogPruned(attempts, settings.KeepDays);
        }
    }

    /// <summary>Gives back what only work needs, a job's or that of many questions: who waits for the next job may wait long.</summary>
    private void ReleaseMemory()
    {
        // Where nothing was done since, nothing was collected.
        if (GC.CollectionCount(0) != _collections)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            OwnBinary.Release();
            _collections = GC.CollectionCount(0);
        }
    }

    private async Task Pause(TimeSpan time, CancellationToken stopping)
    {
        try
        {
            await _somethingNew.WaitAsync(time < LongestPause ? time + TimeSpan.FromMilliseconds(1) : LongestPause, stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The loop ends.
        }
    }

    [LoggerMessage(LogLevel.Information, "job {Job}: attempt {Attempt} begins")]
    private partial void LogBegin(long job, int attempt);

    [LoggerMessage(LogLevel.Information, "job {Job}: attempt {Attempt} {Outcome}, and the job is {State}: {Reason}")]
    private partial void LogEnd(long job, int attempt, AttemptOutcome outcome, JobState state, string? reason);

    [LoggerMessage(LogLevel.Warning, "{Kind}: {Text}")]
    private partial void LogFound(string kind, string? text);

    [LoggerMessage(LogLevel.Information, "documents and logs of {Attempts} attempts are older than {Days} days, and were removed; figures stay")]
    private partial void LogPruned(int attempts, int days);

    [LoggerMessage(LogLevel.Error, "{Reason}")]
    private partial void LogFull(string reason);
}
