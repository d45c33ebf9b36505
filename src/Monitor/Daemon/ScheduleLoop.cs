// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kvmsys.Monitor.Daemon;

/// <summary>Submits the jobs of schedules when they are due.</summary>
/// <param name="settings">How the daemon is set.</param>
/// <param name="schedules">The schedules.</param>
/// <param name="jobs">Makes the jobs.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The daemon's log.</param>
internal sealed partial class ScheduleLoop(DaemonSettings settings, ScheduleStore schedules, JobEngine jobs, TimeProvider time, ILogger<ScheduleLoop> logger) : BackgroundService
{
    // Somebody may set the clock meanwhile, and nobody tells.
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FullDiskPause = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _changed = new(0, 1);
    private readonly HashSet<string> _unknown = [];

    /// <summary>Tells the loop that a schedule has changed.</summary>
    public void Wake()
    {
        lock (_changed)
        {
            if (_changed.CurrentCount == 0)
            {
                _changed.Release();
            }
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            TimeSpan pause;
            try
            {
                pause = Settle();
            }
            catch (StoreFullException exception)
            {
                LogFull(exception.Message);
                pause = FullDiskPause;
            }

            await Pause(pause, stoppingToken).ConfigureAwait(false);
        }
    }

    /// <summary>Settles what is due.</summary>
    /// <returns>How long there is nothing to do; infinite when there is nothing until something changes.</returns>
    private TimeSpan Settle()
    {
        DateTimeOffset now = time.GetUtcNow();
        foreach (Schedule schedule in schedules.List())
        {
            if (schedule.Recurrence is null && _unknown.Add(schedule.Name))
            {
                LogUnknown(schedule.Name, schedule.Request.Cron, schedule.Request.TimeZone ?? "UTC");
            }

            if ((schedule.IsAheadOf(now) || schedule.DueAt(now) is not null) && schedules.Settle(schedule.Name, settings) is JobEvent done)
            {
                LogSettled(done.Kind, done.Text, done.Job);
                if (done.Kind == ScheduleStore.DueEvent)
                {
                    jobs.Wake();
                }
            }
        }

        // What is due still waits for room in the queue.
        DateTimeOffset?[] due = [.. schedules.List().Select(schedule => schedule.NextDue).Where(due => due is not null)];
        TimeSpan? next = due.Where(due => due > now).Min() - now;
        return due.Length == 0 ? Timeout.InfiniteTimeSpan : next < LongestPause ? TimeSpan.FromMilliseconds(Math.Ceiling(next.Value.TotalMilliseconds)) : LongestPause;
    }

    private async Task Pause(TimeSpan pause, CancellationToken stopping)
    {
        using CancellationTokenSource over = new(pause, time);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(over.Token, stopping);
        try
        {
            await _changed.WaitAsync(end.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The time is over, or the loop ends.
        }
    }

    [LoggerMessage(LogLevel.Information, "{Kind} {Text}, job {Job}")]
    private partial void LogSettled(string kind, string? text, long? job);

    [LoggerMessage(LogLevel.Error, "schedule {Name} is never due: this kvmsys, or the time zones of this host, do not know {Cron} in {Zone}. Cure: set it anew")]
    private partial void LogUnknown(string name, string cron, string zone);

    [LoggerMessage(LogLevel.Error, "{Reason}")]
    private partial void LogFull(string reason);
}
