// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Linux;

namespace Kvmsys.Tests.NoDevice.Linux;

/// <summary>Which signals are pending, and which comes next.</summary>
public sealed class SignalStateTests
{
    private const int User1 = 10;
    private const int Child = 17;
    private const int Queued = -1;

    private readonly SignalState _signals = new();

    [Fact]
    public void The_lowest_number_comes_first()
    {
        Array.ForEach([15, 2, 64, User1], signal => Send(signal));
        Assert.Equal([2, User1, 15, 64], TakeAll());
    }

    [Fact]
    public void What_an_instruction_can_cause_comes_before_that_whoever_has_sent_it()
    {
        Array.ForEach([1, User1, 31, 11, 8, 7, 5, 4, 40], signal => Send(signal));
        Assert.Equal([4, 5, 7, 8, 11, 31, 1, User1, 40], TakeAll());
    }

    [Fact]
    public void The_threads_own_come_before_the_processs_and_are_others()
    {
        Send(1);
        Send(User1);
        _signals.Post(new SignalInfo(15, SignalInfo.ThreadKill), toThread: true);
        _signals.Post(new SignalInfo(User1, SignalInfo.ThreadKill), toThread: true);
        Assert.Equal([User1, 15, 1, User1], TakeAll());
    }

    [Fact]
    public void Real_time_signals_are_queued_with_what_they_carry()
    {
        foreach (uint value in new uint[] { 1, 2, 3 })
        {
            Assert.True(_signals.Post(new SignalInfo(41, Queued) { Third = 10 + value }));
            Assert.True(_signals.Post(new SignalInfo(40, Queued) { Third = value }));
        }

        List<uint> values = [];
        while (_signals.TryTake(out SignalInfo info))
        {
            values.Add(info.Third);
        }

        Assert.Equal([1, 2, 3, 11, 12, 13], values);
    }

    [Fact]
    public void A_full_queue_refuses_what_would_lose_its_value()
    {
        _signals.QueueLimit = 2;
        Assert.True(_signals.Post(new SignalInfo(40, Queued)));
        Assert.True(_signals.Post(new SignalInfo(40, Queued)));
        Assert.False(_signals.Post(new SignalInfo(40, Queued)));
        Assert.False(_signals.Post(new SignalInfo(41, SignalInfo.ThreadKill)));

        // kill's carries nothing; of a standard one, the value is lost; what the kernel tells never is.
        Assert.True(_signals.Post(new SignalInfo(42, SignalInfo.User)));
        Assert.True(_signals.Post(new SignalInfo(User1, Queued) { Third = 7 }));
        Assert.True(_signals.Post(SignalInfo.FromKernel(Signals.Alarm)));
        Assert.True(_signals.TryTake(out SignalInfo first));
        Assert.Equal(new SignalInfo(User1, SignalInfo.User), first);
        Assert.True(_signals.TryTake(out SignalInfo second));
        Assert.Equal(SignalInfo.FromKernel(Signals.Alarm), second);
        Assert.Equal([40, 40, 42], TakeAll());
        Assert.True(_signals.Post(new SignalInfo(40, Queued)));
    }

    [Fact]
    public void Ignoring_a_signal_empties_its_queue()
    {
        _signals.QueueLimit = 1;
        Send(40);
        _signals[40] = new SignalAction(SignalAction.Ignore, 0, 0, 0);
        Assert.False(_signals.HasDeliverable);
        Assert.True(_signals.Post(new SignalInfo(41, Queued)));
    }

    [Fact]
    public void A_wait_is_ended_by_what_is_waited_for_though_it_is_blocked()
    {
        _signals.Blocked = Signals.Bit(User1) | Signals.Bit(15);
        Send(15);
        _signals.Awaited = Signals.Bit(User1);
        Assert.False(_signals.EndsWait);
        Send(User1);
        Assert.Equal((true, false), (_signals.EndsWait, _signals.HasDeliverable));
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

    private void Send(int signal) => Assert.True(_signals.Post(new SignalInfo(signal, SignalInfo.User)));

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
