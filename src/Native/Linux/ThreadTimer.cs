// SPDX-License-Identifier: MIT

using Microsoft.Win32.SafeHandles;

namespace Kvmsys.Native.Linux;

/// <summary>
/// A timer of CLOCK_MONOTONIC that sends a signal to one thread: timer_create(2) with SIGEV_THREAD_ID. The kernel's high-resolution timer
/// itself interrupts the thread, so no second thread has to be scheduled for a deadline to be kept.
/// </summary>
public sealed unsafe class ThreadTimer : SafeHandleMinusOneIsInvalid
{
    /// <summary>Creates a timer, not yet armed.</summary>
    /// <param name="threadId">A living thread of this process, as <see cref="ThreadSignals.CurrentThreadId"/> gave it.</param>
    /// <param name="signal">Signal to send.</param>
    /// <exception cref="KvmException">There is no such thread, or no timer left.</exception>
    public ThreadTimer(int threadId, int signal)
        : base(ownsHandle: true)
    {
        Libc.Sigevent sigevent = new()
        {
            SigevNotify = Libc.SigevThreadId,
            SigevSigno = signal,
            SigevNotifyThreadId = threadId,
        };
        int timer = 0;

        // SAFETY: both pointers are to locals that outlive the call.
        if (Libc.Syscall(Libc.SysTimerCreate, Libc.ClockMonotonic, (nint)(&sigevent), (nint)(&timer)) != 0)
        {
            throw new KvmException("timer_create", Libc.LastErrno, $"signal {signal} to thread {threadId}");
        }

        SetHandle(timer);
    }

    /// <summary>Starts the timer, or starts it again.</summary>
    /// <param name="delay">Time to the first signal, more than zero; resolution 100 ns.</param>
    /// <param name="interval">Time between further signals; zero for none.</param>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public void Arm(TimeSpan delay, TimeSpan interval = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(delay, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(interval, TimeSpan.Zero);
        Set(delay, interval);
    }

    /// <summary>Stops the timer. A signal that it has sent may still be pending.</summary>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public void Disarm() => Set(default, default);

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.Syscall(Libc.SysTimerDelete, handle) == 0;

    private void Set(TimeSpan delay, TimeSpan interval)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        Libc.Itimerspec setting = new() { ItValue = new(delay), ItInterval = new(interval) };

        // SAFETY: the pointer is to a local that outlives the call.
        if (Libc.Syscall(Libc.SysTimerSettime, handle, 0, (nint)(&setting), 0) != 0)
        {
            throw new KvmException("timer_settime", Libc.LastErrno, $"{delay} then every {interval}");
        }
    }
}
