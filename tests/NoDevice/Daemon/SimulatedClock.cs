// SPDX-License-Identifier: MIT

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>A clock that goes on only when a test lets it. Whoever sleeps wakes up when the time has passed, whatever the clock was set to meanwhile.</summary>
internal sealed class SimulatedClock(DateTimeOffset start) : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<Sleep> _sleeping = [];
    private DateTimeOffset _now = start;
    private TimeSpan _passed;
    private int _sleeps;

    /// <summary>What it shows; somebody sets it.</summary>
    public DateTimeOffset Now
    {
        get
        {
            lock (_lock)
            {
                return _now;
            }
        }

        set
        {
            lock (_lock)
            {
                _now = value;
            }
        }
    }

    /// <summary>How often somebody has gone to sleep.</summary>
    public int Sleeps
    {
        get
        {
            lock (_lock)
            {
                return _sleeps;
            }
        }
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => Now;

    /// <summary>Lets time pass, and wakes those who have slept long enough.</summary>
    /// <returns>How many.</returns>
    public int Elapse(TimeSpan time)
    {
        Sleep[] over;
        lock (_lock)
        {
            _now += time;
            _passed += time;
            over = [.. _sleeping.Where(sleep => sleep.Until <= _passed)];
            _sleeping.RemoveAll(over.Contains);
        }

        foreach (Sleep sleep in over)
        {
            sleep.Callback(sleep.State);
        }

        return over.Length;
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        lock (_lock)
        {
            Sleep sleep = new(this, callback, state, dueTime == Timeout.InfiniteTimeSpan ? TimeSpan.MaxValue : _passed + dueTime);
            _sleeping.Add(sleep);
            _sleeps++;
            return sleep;
        }
    }

    private sealed class Sleep(SimulatedClock clock, TimerCallback callback, object? state, TimeSpan until) : ITimer
    {
        public TimerCallback Callback => callback;

        public object? State => state;

        public TimeSpan Until => until;

        public bool Change(TimeSpan dueTime, TimeSpan period) => throw new NotSupportedException("nobody changes a sleep");

        public void Dispose()
        {
            lock (clock._lock)
            {
                clock._sleeping.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
