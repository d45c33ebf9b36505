// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Linux;

/// <summary>A program's signals: what it wants done, what it blocks, what is pending.</summary>
internal sealed class SignalState
{
    private readonly SignalAction[] _actions = new SignalAction[Signals.Max + 1];
    private readonly SignalInfo[] _pending = new SignalInfo[Signals.Max + 1];
    private ulong _pendingSet;
    private ulong _blocked;

    // A signal that must be delivered before any other: its instruction would only raise it again.
    private int _forced;

    /// <summary>The set of blocked signals.</summary>
    public ulong Blocked
    {
        get => _blocked;
        set => _blocked = value & ~Signals.Unblockable;
    }

    /// <summary>The mask to go back to when a handler returns, while sigsuspend has set another one.</summary>
    public ulong? SavedMask { get; set; }

    /// <summary>Signals that are pending and blocked.</summary>
    public ulong PendingBlocked => _pendingSet & _blocked;

    /// <summary>Whether a signal is to be delivered.</summary>
    public bool HasDeliverable => (_pendingSet & ~_blocked) != 0;

    /// <summary>Whether a signal of a set is pending, blocked or not.</summary>
    public bool HasPending(ulong set) => (_pendingSet & set) != 0;

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
                _pendingSet &= ~Signals.Bit(signal);
            }
        }
    }

    /// <summary>Sends a signal; one that is ignored and not blocked is dropped.</summary>
    public void Post(SignalInfo info)
    {
        ulong bit = Signals.Bit(info.Number);
        if ((_pendingSet & bit) == 0 && (!IsIgnored(info.Number) || (_blocked & bit) != 0))
        {
            _pending[info.Number] = info;
            _pendingSet |= bit;
        }
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

        _pending[info.Number] = info;
        _pendingSet |= bit;
        _forced = info.Number;
    }

    /// <summary>Takes the next signal that is to be delivered: one that was forced, else the lowest.</summary>
    /// <returns>False when there is none.</returns>
    public bool TryTake(out SignalInfo info)
    {
        ulong deliverable = _pendingSet & ~_blocked;
        info = default;
        if (deliverable == 0)
        {
            return false;
        }

        int number = _forced != 0 && (deliverable & Signals.Bit(_forced)) != 0 ? _forced : System.Numerics.BitOperations.TrailingZeroCount(deliverable) + 1;
        _forced = 0;
        _pendingSet &= ~Signals.Bit(number);
        info = _pending[number];
        return true;
    }

    /// <summary>Takes a pending signal of a set, blocked or not: sigtimedwait.</summary>
    public bool TryTake(ulong set, out SignalInfo info)
    {
        ulong wanted = _pendingSet & set;
        info = default;
        if (wanted == 0)
        {
            return false;
        }

        int number = System.Numerics.BitOperations.TrailingZeroCount(wanted) + 1;
        _pendingSet &= ~Signals.Bit(number);
        info = _pending[number];
        return true;
    }

    private bool IsIgnored(int signal) =>
        _actions[signal].Handler == SignalAction.Ignore || (_actions[signal].Handler == SignalAction.Default && Signals.IsIgnoredByDefault(signal));
}
