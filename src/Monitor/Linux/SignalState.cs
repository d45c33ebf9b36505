// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Linux;

/// <summary>A program's signals: what it wants done, what it blocks, what is pending.</summary>
internal sealed class SignalState
{
    /// <summary>The highest <see cref="QueueLimit"/>.</summary>
    public const int MaxQueueLimit = 1024;

    private readonly SignalAction[] _actions = new SignalAction[Signals.Max + 1];
    private readonly PendingSignals _thread = new();
    private readonly PendingSignals _process = new();
    private ulong _blocked;

    // A signal that must be delivered before any other: its instruction would only raise it again.
    private ulong _forced;

    /// <summary>The set of blocked signals.</summary>
    public ulong Blocked
    {
        get => _blocked;
        set => _blocked = value & ~Signals.Unblockable;
    }

    /// <summary>The mask to go back to when a handler returns, while a call that waits has set another one: <see cref="Borrow"/>.</summary>
    public ulong? SavedMask { get; private set; }

    /// <summary>Signals that the program waits for, whether or not they are blocked: sigtimedwait.</summary>
    public ulong Awaited { get; set; }

    /// <summary>How many signals may be queued: RLIMIT_SIGPENDING.</summary>
    public int QueueLimit { get; set; } = MaxQueueLimit;

    /// <summary>Signals that are pending and blocked.</summary>
    public ulong PendingBlocked => Pending & _blocked;

    /// <summary>Whether a signal is to be delivered.</summary>
    public bool HasDeliverable => (Pending & ~_blocked) != 0;

    /// <summary>Whether there is a signal that ends a wait: one to be delivered, or one that is waited for.</summary>
    public bool EndsWait => (Pending & (~_blocked | Awaited)) != 0;

    /// <summary>The alternate stack: sigaltstack.</summary>
    public AlternateStack Stack { get; set; } = AlternateStack.None;

    /// <summary>What shall happen at a signal. Setting it to be ignored throws away what is pending.</summary>
    public SignalAction this[int signal]
    {
        get => _actions[signal];
        set
        {
            _actions[signal] = value with { Mask = value.Mask & ~Signals.Unblockable };
            if (IsIgnored(signal))
            {
                _thread.Remove(signal);
                _process.Remove(signal);
            }
        }
    }

    private ulong Pending => _thread.Set | _process.Set;

    /// <summary>Sets another mask while a call waits.</summary>
    public void Borrow(ulong mask)
    {
        SavedMask = Blocked;
        Blocked = mask;
    }

    /// <summary>Puts the mask back that was there before <see cref="Borrow"/>; without one there is nothing to do.</summary>
    public void GiveBack()
    {
        _blocked = SavedMask ?? _blocked;
        SavedMask = null;
    }

    /// <summary>Leaves it to a handler's frame to put the mask back.</summary>
    public void LeaveToFrame() => SavedMask = null;

    /// <summary>Sends a signal; one that is ignored and not blocked is dropped, and so is a standard one that is pending already.</summary>
    /// <param name="info">The signal.</param>
    /// <param name="toThread">Whether it is for the thread, and not for its process: either can have the same signal pending.</param>
    /// <returns>False when it is one that must be queued and there is no room: EAGAIN.</returns>
    public bool Post(SignalInfo info, bool toThread = false)
    {
        ulong bit = Signals.Bit(info.Number);
        PendingSignals pending = toThread ? _thread : _process;
        bool isQueued = info.Number >= Signals.FirstRealTime;
        if ((IsIgnored(info.Number) && (_blocked & bit) == 0) || (!isQueued && (pending.Set & bit) != 0))
        {
            return true;
        }

        // Of a standard signal that does not come of sigqueue there is one at most, so what it tells always finds its place.
        if (_thread.Count + _process.Count < QueueLimit || (!isQueued && info.Code >= SignalInfo.User))
        {
            pending.Add(info);
            return true;
        }

        if (isQueued && info.Code != SignalInfo.User)
        {
            return false;
        }

        pending.AddBare(info.Number);
        return true;
    }

    /// <summary>Sends a signal that comes of an instruction: where it is blocked or ignored it ends the program, for it cannot go on.</summary>
    public void Force(SignalInfo info)
    {
        ulong bit = Signals.Bit(info.Number);
        if ((_blocked & bit) != 0 || _actions[info.Number].Handler == SignalAction.Ignore)
        {
            _actions[info.Number] = default;
            _blocked &= ~bit;
        }

        _thread.Remove(info.Number);
        _thread.Add(info);
        _forced = bit;
    }

    /// <summary>Takes the next signal that is to be delivered, first of all one that was forced.</summary>
    /// <returns>False when there is none.</returns>
    public bool TryTake(out SignalInfo info)
    {
        ulong forced = _forced & ~_blocked;
        _forced = 0;
        return _thread.TryTake(forced, out info) || TryTake(~_blocked, out info);
    }

    /// <summary>Takes a pending signal of a set, blocked or not; the thread's own come first.</summary>
    /// <returns>False when there is none.</returns>
    public bool TryTake(ulong set, out SignalInfo info) => _thread.TryTake(set, out info) || _process.TryTake(set, out info);

    private bool IsIgnored(int signal) =>
        _actions[signal].Handler == SignalAction.Ignore || (_actions[signal].Handler == SignalAction.Default && Signals.IsIgnoredByDefault(signal));
}
