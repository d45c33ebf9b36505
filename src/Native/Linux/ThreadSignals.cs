// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Linux;

/// <summary>
/// Signals sent to one thread, for threads that keep them blocked. No handler ever runs: managed code in a signal handler is not possible,
/// so the thread takes a pending signal itself, or KVM_RUN notices it (see <see cref="KvmVcpu.SetSignalMask"/>).
/// </summary>
public static unsafe class ThreadSignals
{
    /// <summary>A real-time signal free for a monitor: SIGRTMIN + 4. The .NET runtime takes SIGRTMIN itself for suspending threads.</summary>
    public static int FreeSignal { get; } = Libc.CurrentSigrtmin() + 4;

    /// <summary>Linux's identifier of the calling thread.</summary>
    public static int CurrentThreadId => (int)Libc.Syscall(Libc.SysGettid);

    /// <summary>Blocks <paramref name="signal"/> on the calling thread.</summary>
    /// <returns>The thread's mask as it was before.</returns>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public static SignalSet Block(int signal) => ChangeMask(Libc.SigBlock, SignalSet.Of(signal));

    /// <summary>Unblocks <paramref name="signal"/> on the calling thread; one that is pending then takes its default action.</summary>
    /// <returns>The thread's mask as it was before.</returns>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public static SignalSet Unblock(int signal) => ChangeMask(Libc.SigUnblock, SignalSet.Of(signal));

    /// <summary>The calling thread's blocked signals.</summary>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public static SignalSet Blocked => ChangeMask(Libc.SigBlock, default);

    /// <summary>Takes one pending <paramref name="signal"/> of the calling thread, which blocks it, without waiting.</summary>
    /// <returns>Whether there was one.</returns>
    public static bool TakePending(int signal)
    {
        ulong set = SignalSet.Of(signal).Bits;
        Libc.Timespec noWait = default;

        // SAFETY: both pointers are to locals that outlive the call; 8 is the size of the kernel's signal set.
        return Libc.Syscall(Libc.SysRtSigtimedwait, (nint)(&set), 0, (nint)(&noWait), sizeof(ulong)) == signal;
    }

    /// <summary>Sends <paramref name="signal"/> to a thread of this process.</summary>
    /// <param name="threadId">As <see cref="CurrentThreadId"/> gave it; the thread must still live.</param>
    /// <param name="signal">Signal number.</param>
    /// <exception cref="KvmException">There is no such thread, or the signal queue is full.</exception>
    public static void Send(int threadId, int signal)
    {
        if (Libc.Syscall(Libc.SysTgkill, Environment.ProcessId, threadId, signal) != 0)
        {
            throw new KvmException("tgkill", Libc.LastErrno, $"signal {signal} to thread {threadId}");
        }
    }

    private static SignalSet ChangeMask(int how, SignalSet set)
    {
        ulong change = set.Bits;
        ulong before = 0;

        // SAFETY: both pointers are to locals that outlive the call; 8 is the size of the kernel's signal set.
        if (Libc.Syscall(Libc.SysRtSigprocmask, how, (nint)(&change), (nint)(&before), sizeof(ulong)) != 0)
        {
            throw new KvmException("rt_sigprocmask", Libc.LastErrno, $"signals {set.Bits:x}");
        }

        return new SignalSet(before);
    }
}
