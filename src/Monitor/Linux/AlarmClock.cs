// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>The program's real-time interval timer: alarm and setitimer. Its kick makes the machine ask whether an alarm is due.</summary>
/// <param name="memory">The program's memory.</param>
internal sealed class AlarmClock(AddressSpace memory) : IDisposable
{
    private const long MicrosecondsPerSecond = 1_000_000;

    // How long until the next kick when one was of no use.
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(1);

    private ThreadTimer? _timer;
    private long _due;
    private TimeSpan _interval;
    private bool _retries;

    /// <summary>Whether an alarm is due.</summary>
    public bool IsDue => _due != 0 && Stopwatch.GetTimestamp() >= _due;

    /// <summary>Takes the alarm that is due, and sets the next.</summary>
    public void Take()
    {
        // Those that are long past are one alarm, as they are one pending signal: else the program would have no time for anything else.
        long now = Stopwatch.GetTimestamp();
        _due = _interval == TimeSpan.Zero ? 0
            : _due + TicksOf(_interval) is long next && next > now ? next
            : now + TicksOf(Max(_interval, Again));
        Arm();
    }

    /// <summary>Kicks again soon, and on and on: in the middle of the guest's kernel nothing can be delivered.</summary>
    public void Retry()
    {
        _retries = true;
        Timer.Arm(Again, Again);
    }

    /// <summary>Nothing is left to be delivered: the next kick is the next alarm's.</summary>
    public void EndRetries()
    {
        if (_retries)
        {
            _retries = false;
            Arm();
        }
    }

    /// <summary>alarm.</summary>
    public Answer Alarm(CallContext call)
    {
        TimeSpan left = Left;
        Set(TimeSpan.FromSeconds(Math.Min(call.Ebx, int.MaxValue)), TimeSpan.Zero);

        // Less than a second is one, for 0 would say that there was none.
        return left > TimeSpan.Zero ? (uint)Math.Max(1, Math.Round(left.TotalSeconds, MidpointRounding.AwayFromZero)) : 0;
    }

    /// <summary>setitimer: ITIMER_REAL.</summary>
    public Answer Setitimer(CallContext call)
    {
        if (call.Ebx != 0)
        {
            return Errno.EINVAL;
        }

        Setting old = Now;
        Setting setting = default;
        if (call.Ecx != 0 && !memory.TryRead(call.Ecx, out setting))
        {
            return Errno.EFAULT;
        }

        if (!setting.IsValid)
        {
            return Errno.EINVAL;
        }

        Set(setting.Value, setting.Interval);
        return call.Edx == 0 ? 0 : Answer.FaultUnless(memory.TryWrite(call.Edx, old));
    }

    /// <summary>getitimer: ITIMER_REAL.</summary>
    public Answer Getitimer(CallContext call) => call.Ebx != 0 ? Errno.EINVAL : Answer.FaultUnless(memory.TryWrite(call.Ecx, Now));

    /// <inheritdoc/>
    public void Dispose() => _timer?.Dispose();

    private ThreadTimer Timer => _timer ??= new ThreadTimer(ThreadSignals.CurrentThreadId, ThreadSignals.FreeSignal);

    private TimeSpan Left => _due == 0 ? TimeSpan.Zero : Max(Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), _due), TimeSpan.FromMicroseconds(1));

    private Setting Now => new(_interval, Left);

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static long TicksOf(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    private void Set(TimeSpan value, TimeSpan interval)
    {
        _interval = interval;
        _due = value == TimeSpan.Zero ? 0 : Stopwatch.GetTimestamp() + TicksOf(value);
        Arm();
    }

    /// <summary>Sets the timer to the next alarm. It goes on until that is taken, or there is none.</summary>
    private void Arm()
    {
        if (_due == 0)
        {
            _timer?.Disarm();
        }
        else
        {
            Timer.Arm(Left, Again);
        }
    }

    /// <summary>struct itimerval of i386.</summary>
    private readonly struct Setting
    {
        private readonly int _intervalSeconds;
        private readonly int _intervalMicroseconds;
        private readonly int _valueSeconds;
        private readonly int _valueMicroseconds;

        public Setting(TimeSpan interval, TimeSpan value)
        {
            (_intervalSeconds, _intervalMicroseconds) = ((int)interval.TotalSeconds, Microseconds(interval));
            (_valueSeconds, _valueMicroseconds) = ((int)value.TotalSeconds, Microseconds(value));
        }

        public bool IsValid => _intervalSeconds >= 0 && _valueSeconds >= 0
            && _intervalMicroseconds is >= 0 and < (int)MicrosecondsPerSecond && _valueMicroseconds is >= 0 and < (int)MicrosecondsPerSecond;

        public TimeSpan Interval => TimeSpan.FromMicroseconds((_intervalSeconds * MicrosecondsPerSecond) + _intervalMicroseconds);

        public TimeSpan Value => TimeSpan.FromMicroseconds((_valueSeconds * MicrosecondsPerSecond) + _valueMicroseconds);

        private static int Microseconds(TimeSpan time) => (int)(time.Ticks / TimeSpan.TicksPerMicrosecond % MicrosecondsPerSecond);
    }
}
