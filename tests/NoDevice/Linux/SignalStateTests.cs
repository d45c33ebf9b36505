// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Linux;

namespace Kvmsys.Tests.NoDevice.Linux;

/// <summary>Which signals are pending, and which comes next.</summary>
public sealed class SignalStateTests
{
    private const int User1 = 10;
    private const int Child = 17;

    private readonly SignalState _signals = new();

    [Fact]
    public void The_lowest_number_comes_first()
    {
        Array.ForEach([15, 2, 64, User1], signal => _signals.Post(new SignalInfo(signal, 0)));
        Assert.Equal([2, User1, 15, 64], TakeAll());
    }

    [Fact]
    public void A_signal_is_pending_once_as_it_was_sent_first()
    {
        _signals.Post(new SignalInfo(User1, 1));
        _signals.Post(new SignalInfo(User1, 2));
        Assert.True(_signals.TryTake(out SignalInfo info));
        Assert.Equal(1, info.Code);
        Assert.False(_signals.TryTake(out _));
    }

    [Fact]
    public void A_blocked_signal_waits()
    {
        _signals.Blocked = Signals.Bit(User1);
        _signals.Post(new SignalInfo(User1, 0));
        Assert.False(_signals.HasDeliverable);
        Assert.Equal(Signals.Bit(User1), _signals.PendingBlocked);
        _signals.Blocked = 0;
        Assert.Equal([User1], TakeAll());
    }

    [Fact]
    public void SIGKILL_and_SIGSTOP_cannot_be_blocked()
    {
        _signals.Blocked = ulong.MaxValue;
        Assert.Equal(ulong.MaxValue & ~(1UL << 8 | 1UL << 18), _signals.Blocked);
        _signals[User1] = new SignalAction(0x1000, 0, 0, ulong.MaxValue);
        Assert.Equal(_signals.Blocked, _signals[User1].Mask);
    }

    [Theory]
    [InlineData(User1, SignalAction.Ignore, false)]
    [InlineData(User1, SignalAction.Default, true)]
    [InlineData(Child, SignalAction.Default, false)]
    [InlineData(Child, 0x1000u, true)]
    public void What_is_ignored_is_not_pending(int signal, uint handler, bool pending)
    {
        _signals[signal] = new SignalAction(handler, 0, 0, 0);
        _signals.Post(new SignalInfo(signal, 0));
        Assert.Equal(pending, _signals.HasDeliverable);
    }

    [Fact]
    public void What_is_ignored_and_blocked_is_pending_for_whoever_takes_it()
    {
        _signals[User1] = new SignalAction(SignalAction.Ignore, 0, 0, 0);
        _signals.Blocked = Signals.Bit(User1);
        _signals.Post(new SignalInfo(User1, 0));
        Assert.True(_signals.TryTake(Signals.Bit(User1), out SignalInfo info));
        Assert.Equal(User1, info.Number);
    }

    [Fact]
    public void Ignoring_a_signal_throws_away_what_is_pending()
    {
        _signals.Blocked = Signals.Bit(User1);
        _signals.Post(new SignalInfo(User1, 0));
        _signals[User1] = new SignalAction(SignalAction.Ignore, 0, 0, 0);
        Assert.Equal(0UL, _signals.PendingBlocked);
    }

    [Fact]
    public void What_an_instruction_has_caused_comes_before_all_others()
    {
        _signals.Post(new SignalInfo(2, 0));
        _signals.Force(new SignalInfo(Signals.Segv, 1));
        Assert.Equal([Signals.Segv, 2], TakeAll());
    }

    [Theory]
    [InlineData(true, 0x1000u)]
    [InlineData(false, SignalAction.Ignore)]
    public void What_an_instruction_has_caused_cannot_be_put_off(bool blocked, uint handler)
    {
        _signals[Signals.Segv] = new SignalAction(handler, 0, 0, 0);
        _signals.Blocked = blocked ? Signals.Bit(Signals.Segv) : 0;
        _signals.Force(new SignalInfo(Signals.Segv, 1));
        Assert.Equal([Signals.Segv], TakeAll());
        Assert.Equal(SignalAction.Default, _signals[Signals.Segv].Handler);
    }

    private List<int> TakeAll()
    {
        List<int> taken = [];
        while (_signals.TryTake(out SignalInfo info))
        {
            taken.Add(info.Number);
        }

        return taken;
    }
}
