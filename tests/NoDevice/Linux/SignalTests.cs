// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Kvmsys.Fuzz.Targets;
using Kvmsys.Guest.Descriptors;
using Kvmsys.Guest.Kernel;
using Kvmsys.Monitor.Linux;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native.Linux;

namespace Kvmsys.Tests.NoDevice.Linux;

/// <summary>A program's signals, from what sends them to the way back from a handler.</summary>
public sealed class SignalTests : IDisposable
{
    private const uint Action = StandInGuest.Data;
    private const uint Handler = StandInGuest.Text + 0x100;
    private const uint WithInfo = 4;
    private const uint OnStack = 0x08000000;
    private const uint Restarts = 0x10000000;
    private const int User1 = 10;
    private const int SegmentationFault = 11;
    private const int Alarm = 14;
    private const int Terminate = 15;

    // struct sigcontext's place in struct sigframe, and what there is in it.
    private const uint Context = 8;
    private const uint ContextEax = Context + 44;
    private const uint ContextCs = Context + 60;
    private const uint ContextSs = Context + 72;

    private readonly List<string> _warnings = [];
    private readonly StandInGuest _guest;

    public SignalTests() => _guest = new StandInGuest(_warnings.Add);

    public void Dispose() => _guest.Dispose();

    [Fact]
    public void A_handler_runs_and_gives_back_every_register()
    {
        Handle(User1);
        (_guest[PtRegs.Ebx], _guest[PtRegs.Esi], _guest[PtRegs.Edi], _guest[PtRegs.Ebp]) = (1, 2, 3, 4);
        uint stack = _guest[PtRegs.Esp];
        Assert.Equal(0, Kill(User1, out uint frame));
        Assert.Equal((Handler, (uint)User1, frame), (_guest[PtRegs.Eip], _guest[PtRegs.Eax], _guest[PtRegs.Esp]));
        Assert.Equal((uint)User1, _guest.ReadWords(frame + 4, 1)[0]);
        Return(frame);
        Assert.Equal((stack, StandInGuest.Text, 0u), (_guest[PtRegs.Esp], _guest[PtRegs.Eip], _guest[PtRegs.Eax]));
    }

    [Fact]
    public void What_a_handler_changes_in_its_frame_is_what_the_program_goes_on_with()
    {
        Handle(User1);
        Kill(User1, out uint frame);
        _guest.Write(frame + ContextEax, 77);
        Return(frame);
        Assert.Equal(77u, _guest[PtRegs.Eax]);
    }

    [Fact]
    public void A_number_that_looks_like_an_interrupted_call_is_left_alone()
    {
        const uint restart = unchecked((uint)-512);
        Handle(User1);
        Kill(User1, out uint frame);
        _guest.Write(frame + ContextEax, restart);
        Return(frame);
        Assert.Equal((restart, StandInGuest.Text), (_guest[PtRegs.Eax], _guest[PtRegs.Eip]));
    }

    [Theory]
    [InlineData(ContextSs, 0x07u)]
    [InlineData(ContextSs, 0x7fu)]
    [InlineData(ContextSs, 0x68u)]
    [InlineData(ContextSs, 0u)]
    [InlineData(ContextCs, 0x60u)]
    [InlineData(ContextCs, 0x77u)]
    [InlineData(ContextCs, 0u)]
    public void A_handler_that_returns_to_a_segment_that_is_none_ends_the_program(uint place, uint selector)
    {
        Handle(User1);
        Kill(User1, out uint frame);
        _guest.Write(frame + place, selector);
        Return(frame);
        Assert.Equal((StopReason.Signal, SegmentationFault), (_guest.Stop, _guest.Process.FatalSignal));
    }

    [Fact]
    public void A_handler_cannot_give_its_program_the_kernels_flags()
    {
        const uint flagsPlace = Context + 64;
        Handle(User1);
        Kill(User1, out uint frame);
        uint before = _guest[PtRegs.Eflags];
        _guest.Write(frame + flagsPlace, 0xffffffff);
        Return(frame);
        Assert.Equal(before | 0x50dd5, _guest[PtRegs.Eflags]);
    }

    [Fact]
    public void A_fault_in_the_program_reaches_its_handler_with_the_address()
    {
        Handle(SegmentationFault, WithInfo);
        _guest.PageFault(0x1234, write: true, inKernel: false);
        uint[] frame = _guest.ReadWords(_guest[PtRegs.Esp], 8);
        uint[] info = _guest.ReadWords(frame[2], 4);
        Assert.Equal((11u, 1u, 0x1234u), (info[0], info[2], info[3]));
    }

    [Fact]
    public void A_fault_without_a_handler_ends_the_program()
    {
        _guest.PageFault(0xc0000000, write: false, inKernel: false);
        Assert.Equal((StopReason.Signal, SegmentationFault), (_guest.Stop, _guest.Process.FatalSignal));
    }

    [Fact]
    public void A_handler_without_a_stack_ends_the_program()
    {
        Handle(SegmentationFault);
        _guest[PtRegs.Esp] = 0x100;
        _guest.Exception(13, 0);
        Assert.Equal((StopReason.Signal, SegmentationFault), (_guest.Stop, _guest.Process.FatalSignal));
    }

    [Fact]
    public void A_signal_from_outside_interrupts_the_program_in_ring_3_alone()
    {
        Handle(Terminate);
        _guest.Process.Send(Terminate);
        _guest.Interrupt(inKernel: true);
        Assert.Equal(StandInGuest.Text, _guest[PtRegs.Eip]);
        _guest.Interrupt(inKernel: false);
        Assert.Equal(Handler, _guest[PtRegs.Eip]);
    }

    [Fact]
    public void A_handler_on_top_of_another_comes_back_to_the_others_segments()
    {
        const uint contextDs = Context + 12;
        Handle(User1);
        Handle(Terminate);
        _guest[PtRegs.Ds] = 0;
        _guest.Process.Send(User1);
        _guest.Process.Send(Terminate);
        _guest.Interrupt(inKernel: false);
        Assert.Equal((uint)Selector.UserData, _guest.ReadWords(_guest[PtRegs.Esp] + contextDs, 1)[0]);
    }

    [Fact]
    public void A_signal_that_does_nothing_leaves_the_programs_segments()
    {
        _guest[PtRegs.Ds] = 0;
        _guest.Process.Send(20);
        _guest.Interrupt(inKernel: false);
        Assert.Equal((0u, Selector.UserData), (_guest[PtRegs.Ds], _guest[PtRegs.Ss]));
        Assert.Single(_warnings);
    }

    [Fact]
    public void A_program_that_stops_itself_again_and_again_is_told_once()
    {
        for (int i = 0; i < 100; i++)
        {
            Kill(20, out _);
        }

        Assert.Single(_warnings);
    }

    [Fact]
    public void Numbers_that_no_system_call_has_are_told_once()
    {
        for (uint number = 0xffffff00; number != 0; number++)
        {
            Assert.Equal(-(int)Errno.ENOSYS, (int)_guest.Call(number));
        }

        Assert.Single(_warnings);
        _guest.Call(Syscall.mseal);
        Assert.Contains("mseal", _warnings[1], StringComparison.Ordinal);
    }

    [Fact]
    public void An_alarm_after_more_seconds_than_a_number_holds_is_one_in_68_years()
    {
        Assert.Equal(0, _guest.Call(Syscall.alarm, uint.MaxValue));
        Assert.InRange(_guest.Call(Syscall.alarm, 0), int.MaxValue - 100, int.MaxValue);
    }

    [Fact]
    public void A_signal_from_outside_that_did_nothing_hides_no_crash()
    {
        const int windowChange = 28;
        _guest.Process.Send(windowChange);
        _guest.Interrupt(inKernel: false);
        _guest.PageFault(0x1234, write: true, inKernel: false);
        Assert.Equal((SegmentationFault, false), (_guest.Process.FatalSignal, _guest.Process.EndedFromOutside));
    }

    [Fact]
    public void A_signal_from_outside_that_ends_the_program_is_known_as_one()
    {
        const int interrupt = 2;
        _guest.Process.Send(interrupt);
        _guest.Interrupt(inKernel: false);
        Assert.Equal((interrupt, true), (_guest.Process.FatalSignal, _guest.Process.EndedFromOutside));
    }

    [Fact]
    public void Alarms_that_were_missed_are_one()
    {
        Handle(14);
        _guest.Write(Action, 0, 1, 0, 1);
        _guest.Call(Syscall.setitimer, 0, Action);
        Thread.Sleep(20);
        long start = Stopwatch.GetTimestamp();
        _guest.Interrupt(inKernel: false);
        bool isDue = _guest.Process.TakeArrivals();
        Assert.Equal(Handler, _guest[PtRegs.Eip]);

        // The next comes in a millisecond, unless this machine has just let one go by.
        Assert.False(isDue && Stopwatch.GetElapsedTime(start).TotalMilliseconds < 1);
    }

    [Fact]
    public void A_signal_that_comes_while_it_is_waited_for_is_the_answer()
    {
        const int alarm = 14;
        Block(alarm);
        _guest.Process.Send(alarm);
        Assert.Equal(alarm, _guest.Call(Syscall.rt_sigtimedwait, Action, 0, 0, 8));
        Assert.Null(_guest.Stop);
    }

    [Fact]
    public void A_wait_goes_on_when_what_came_is_ignored()
    {
        const int windowChange = 28;
        _guest.Process.Send(windowChange);
        _guest.Call(Syscall.pause);
        Assert.Equal(StopReason.Deadline, _guest.Stop);
    }

    [Fact]
    public void A_mask_that_was_set_for_a_wait_is_gone_when_the_handler_has_no_stack()
    {
        const int alarm = 14;
        Handle(alarm);
        HandleOnAlternateStack(SegmentationFault);
        Block(User1);
        _guest.Process.Send(alarm);
        _guest[PtRegs.Esp] = 0x100;
        _guest.Write(Action, 0, 0);
        _guest.Call(Syscall.rt_sigsuspend, Action, 8);
        uint frame = _guest[PtRegs.Esp];
        Assert.Equal((Handler, (uint)SegmentationFault), (_guest[PtRegs.Eip], _guest.ReadWords(frame + 4, 1)[0]));
        Return(frame);
        Assert.Equal(0, _guest.Call(Syscall.rt_sigprocmask, 0, 0, Action, 8));
        Assert.Equal(1u << (User1 - 1), _guest.ReadWords(Action, 1)[0]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_sleep_goes_on_when_what_came_does_nothing(bool isBlocked)
    {
        const int windowChange = 28;
        if (isBlocked)
        {
            Handle(User1);
            Block(User1);
        }

        _guest.Process.Send(isBlocked ? User1 : windowChange);
        _guest.Write(Action, 1, 0);
        Assert.Equal(0, _guest.Call(Syscall.nanosleep, Action));
        Assert.Equal(0, _guest.Call(Syscall.poll, 0, 0, 1));
        Assert.Equal(StandInGuest.Text, _guest[PtRegs.Eip]);
    }

    [Theory]
    [InlineData(Restarts)]
    [InlineData(0u)]
    public void A_futex_without_a_time_is_waited_for_again_if_the_handler_wants_that(uint flags)
    {
        Handle(User1, flags);
        _guest.Process.Send(User1);
        _guest.Call(Syscall.futex, Action + 0x100, 0, 0);
        Return(_guest[PtRegs.Esp]);
        (uint, uint) again = ((uint)Syscall.futex, StandInGuest.Text - 2);
        (uint, uint) interrupted = (unchecked((uint)-(int)Errno.EINTR), StandInGuest.Text);
        Assert.Equal(flags == Restarts ? again : interrupted, (_guest[PtRegs.Eax], _guest[PtRegs.Eip]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_wait_with_its_own_mask_lets_in_what_that_does_not_block(bool isPoll)
    {
        Handle(User1, Restarts);
        Block(User1);
        Kill(User1, out _);
        Assert.Equal(StandInGuest.Text, _guest[PtRegs.Eip]);
        const uint mask = Action + 0x100;
        _guest.Write(mask, 0, 0, mask, 8);
        _guest.Call(isPoll ? Syscall.ppoll : Syscall.pselect6, isPoll ? [0, 0, 0, mask, 8, 0] : [0, 0, 0, 0, 0, mask + 8]);
        Assert.Equal(Handler, _guest[PtRegs.Eip]);
        Return(_guest[PtRegs.Esp]);
        Assert.Equal(-(int)Errno.EINTR, (int)_guest[PtRegs.Eax]);
        Assert.Equal(1u << (User1 - 1), (uint)_guest.Call(Syscall.sgetmask));
    }

    [Fact]
    public void A_wait_with_its_own_mask_that_nothing_ends_leaves_the_programs()
    {
        Block(User1);
        Kill(User1, out _);
        const uint mask = Action + 0x100;
        _guest.Write(mask, 1u << (User1 - 1), 0, 0, 1000);
        Assert.Equal(0, _guest.Call(Syscall.ppoll, 0, 0, mask + 8, mask, 8));
        Assert.Equal(1u << (User1 - 1), (uint)_guest.Call(Syscall.sgetmask));
        Assert.Equal(-(int)Errno.EINVAL, _guest.Call(Syscall.ppoll, 0, 0, mask + 8, mask, 4));
    }

    [Fact]
    public void A_suspended_program_waits_for_a_handler()
    {
        const int child = 17;
        Block(child);
        Kill(child, out _);
        _guest.Write(Action, 0, 0);
        Assert.Equal((int)Syscall.rt_sigsuspend, _guest.Call(Syscall.rt_sigsuspend, Action, 8));
        Assert.Equal(1u << (child - 1), (uint)_guest.Call(Syscall.sgetmask));
        Assert.Equal(StandInGuest.Text - 2, _guest[PtRegs.Eip]);
    }

    [Fact]
    public void A_frame_that_does_not_fit_on_the_alternate_stack_ends_the_program()
    {
        HandleOnAlternateStack(SegmentationFault);
        _guest[PtRegs.Esp] = StandInGuest.Data + 0x2100;
        _guest.Exception(13, 0);
        Assert.Equal((StopReason.Signal, SegmentationFault), (_guest.Stop, _guest.Process.FatalSignal));
    }

    [Fact]
    public void Nobody_kicks_when_no_alarm_is_left()
    {
        Handle(Alarm);
        _guest.Write(Action, 0, 0, 0, 1000);
        _guest.Call(Syscall.setitimer, 0, Action);
        Thread.Sleep(5);
        _guest.Interrupt(inKernel: true);
        _guest.Interrupt(inKernel: false);
        Assert.Equal(Handler, _guest[PtRegs.Eip]);
        Assert.False(_guest.Process.TakeArrivals());
        ThreadSignals.TakePending(ThreadSignals.FreeSignal);
        Thread.Sleep(5);
        Assert.False(ThreadSignals.TakePending(ThreadSignals.FreeSignal));
    }

    [Fact]
    public void A_full_queue_is_told()
    {
        const int pending = 11;
        const uint realTime = 40;
        _guest.Write(Action, 1, 1);
        Assert.Equal(0, _guest.Call(Syscall.setrlimit, pending, Action));
        _guest.Write(Action, 0, 1u << (int)(realTime - 33));
        Assert.Equal(0, _guest.Call(Syscall.rt_sigprocmask, 0, Action, 0, 8));
        _guest.Write(Action, realTime, 0, unchecked((uint)-1), 0, 0, 5);
        Assert.Equal(0, _guest.Call(Syscall.rt_sigqueueinfo, StandInGuest.Pid, realTime, Action));
        Assert.Equal(-(int)Errno.EAGAIN, _guest.Call(Syscall.rt_sigqueueinfo, StandInGuest.Pid, realTime, Action));
    }

    [Theory]
    [InlineData(-1, 0u, Errno.ESRCH)]
    [InlineData(-1, 99u, Errno.ESRCH)]
    [InlineData(0, 99u, Errno.EINVAL)]
    [InlineData(0, 0u, Errno.None)]
    public void Kill_of_everybody_leaves_the_caller_out(int pid, uint signal, Errno error) =>
        Assert.Equal(-(int)error, _guest.Call(Syscall.kill, (uint)pid, signal));

    [Theory]
    [InlineData(0x100u, Errno.EINVAL)]
    [InlineData(1u, Errno.ECHILD)]
    public void Waiting_for_children_knows_its_options(uint options, Errno error) =>
        Assert.Equal(-(int)error, _guest.Call(Syscall.waitpid, uint.MaxValue, 0, options));

    [Theory]
    [InlineData(true, 2u, 0)]
    [InlineData(true, 6u, 0)]
    [InlineData(true, 3u, -(int)Errno.EINVAL)]
    [InlineData(false, 2u, -(int)Errno.EINVAL)]
    public void The_programs_own_CPU_time_is_a_clock_by_its_number_too(bool isOwn, uint which, int answer) =>
        Assert.Equal(answer, _guest.Call(Syscall.clock_gettime, (~(isOwn ? StandInGuest.Pid : StandInGuest.Pid + 1) << 3) | which, Action));

    private void Block(int signal)
    {
        _guest.Write(Action, 1u << (signal - 1), 0);
        Assert.Equal(0, _guest.Call(Syscall.rt_sigprocmask, 0, Action, 0, 8));
    }

    private void HandleOnAlternateStack(int signal)
    {
        _guest.Write(Action, StandInGuest.Data + 0x2000, 0, 0x2000);
        Assert.Equal(0, _guest.Call(Syscall.sigaltstack, Action));
        Handle(signal, OnStack);
    }

    private void Handle(int signal, uint flags = 0)
    {
        _guest.Write(Action, Handler, flags, 0, 0, 0);
        Assert.Equal(0, _guest.Call(Syscall.rt_sigaction, (uint)signal, Action, 0, 8));
    }

    private int Kill(int signal, out uint frame)
    {
        (_guest[PtRegs.Ecx], _guest[PtRegs.Edx]) = ((uint)signal, 0);
        uint self = _guest[PtRegs.Ebx];
        _guest[PtRegs.Ebx] = 0;
        _guest.Call((uint)Syscall.kill);
        _guest[PtRegs.Ebx] = self;
        frame = _guest[PtRegs.Esp];
        return 0;
    }

    // The handler's RET, and the vsyscall page's POP.
    private void Return(uint frame)
    {
        _guest[PtRegs.Esp] = frame + 8;
        _guest.Call((uint)Syscall.sigreturn);
    }
}
