// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Kvmsys.Guest.Kernel;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>The system calls about signals.</summary>
/// <param name="memory">The program's memory.</param>
/// <param name="signals">Its signals.</param>
/// <param name="frame">Where handlers return from.</param>
/// <param name="task">Who the program is.</param>
internal sealed class SignalCalls(AddressSpace memory, SignalState signals, SignalFrame frame, TaskIdentity task)
{
    private const uint SetSize = sizeof(ulong);

    /// <summary>rt_sigaction.</summary>
    public Answer RtSigaction(CallContext call)
    {
        if (call.Esi != SetSize)
        {
            return Errno.EINVAL;
        }

        SignalAction? given = null;
        if (call.Ecx != 0)
        {
            if (!memory.TryRead(call.Ecx, out RtAction action))
            {
                return Errno.EFAULT;
            }

            given = new(action.Handler, action.Flags, action.Restorer, action.Mask);
        }

        return Exchange(call.Ebx, given, old => call.Edx == 0 || memory.TryWrite(call.Edx, new RtAction(old.Handler, old.Flags, old.Restorer, old.Mask)));
    }

    /// <summary>sigaction, of before signals were more than 32.</summary>
    public Answer Sigaction(CallContext call)
    {
        SignalAction? given = null;
        if (call.Ecx != 0)
        {
            if (!memory.TryRead(call.Ecx, out OldAction action))
            {
                return Errno.EFAULT;
            }

            given = new(action.Handler, action.Flags, action.Restorer, action.Mask);
        }

        return Exchange(call.Ebx, given, old => call.Edx == 0 || memory.TryWrite(call.Edx, new OldAction(old.Handler, (uint)old.Mask, old.Flags, old.Restorer)));
    }

    /// <summary>signal: a handler for one signal, the old one is the answer.</summary>
    public Answer Signal(CallContext call)
    {
        const uint oneShotNoMask = 0x80000000 | 0x40000000;
        uint handler = 0;
        Answer answer = Exchange(call.Ebx, new SignalAction(call.Ecx, oneShotNoMask, 0, 0), old =>
        {
            handler = old.Handler;
            return true;
        });
        return answer.Eax == 0 ? handler : answer;
    }

    /// <summary>rt_sigprocmask.</summary>
    public Answer RtSigprocmask(CallContext call)
    {
        if (call.Esi != SetSize)
        {
            return Errno.EINVAL;
        }

        ulong old = signals.Blocked;
        if (call.Ecx != 0)
        {
            if (!memory.TryRead(call.Ecx, out ulong set))
            {
                return Errno.EFAULT;
            }

            if (Changed(call.Ebx, old, set) is not ulong changed)
            {
                return Errno.EINVAL;
            }

            signals.Blocked = changed;
        }

        return call.Edx == 0 ? 0 : Answer.FaultUnless(memory.TryWrite(call.Edx, old));
    }

    /// <summary>sigprocmask.</summary>
    public Answer Sigprocmask(CallContext call)
    {
        const ulong upper = 0xffffffff00000000;
        ulong old = signals.Blocked;
        if (call.Ecx != 0)
        {
            if (!memory.TryRead(call.Ecx, out uint set))
            {
                return Errno.EFAULT;
            }

            if (Changed(call.Ebx, old, set) is not ulong changed)
            {
                return Errno.EINVAL;
            }

            signals.Blocked = (old & upper) | (uint)changed;
        }

        return call.Edx == 0 ? 0 : Answer.FaultUnless(memory.TryWrite(call.Edx, (uint)old));
    }

    /// <summary>sgetmask: the first 32 signals that are blocked.</summary>
    public Answer Sgetmask(CallContext call) => (uint)signals.Blocked;

    /// <summary>ssetmask: blocks these signals; those that were are the answer.</summary>
    public Answer Ssetmask(CallContext call)
    {
        uint old = (uint)signals.Blocked;
        signals.Blocked = call.Ebx;
        return old;
    }

    /// <summary>rt_sigpending.</summary>
    public Answer RtSigpending(CallContext call)
    {
        if (call.Ecx > SetSize)
        {
            return Errno.EINVAL;
        }

        ulong pending = signals.PendingBlocked;
        return Answer.FaultUnless(memory.TryWrite(call.Ebx, MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in pending))[..(int)call.Ecx]));
    }

    /// <summary>sigpending.</summary>
    public Answer Sigpending(CallContext call) => Answer.FaultUnless(memory.TryWrite(call.Ebx, (uint)signals.PendingBlocked));

    /// <summary>rt_sigsuspend: waits with another mask until a handler has run.</summary>
    public Answer RtSigsuspend(CallContext call)
    {
        if (call.Ecx != SetSize)
        {
            return Errno.EINVAL;
        }

        return memory.TryRead(call.Ebx, out ulong set) ? Suspend(call, set) : Errno.EFAULT;
    }

    /// <summary>sigsuspend: the mask is the third argument.</summary>
    public Answer Sigsuspend(CallContext call) => Suspend(call, call.Edx);

    /// <summary>pause.</summary>
    public Answer Pause(CallContext call) => Suspend(call, signals.Blocked);

    /// <summary>rt_sigtimedwait, and rt_sigtimedwait_time64: takes a pending signal, or waits for one.</summary>
    public Answer RtSigtimedwait(CallContext call, bool wide)
    {
        if (call.Esi != SetSize)
        {
            return Errno.EINVAL;
        }

        if (!memory.TryRead(call.Ebx, out ulong set))
        {
            return Errno.EFAULT;
        }

        TimeSpan? time = null;
        if (call.Edx != 0)
        {
            Errno error = GuestTime.Read(memory, call.Edx, wide, out TimeSpan given);
            if (error != default)
            {
                return error;
            }

            time = given;
        }

        set &= ~Signals.Unblockable;
        signals.Awaited = set;
        bool isOver = time == TimeSpan.Zero || (!signals.EndsWait && call.Wait([], time));
        signals.Awaited = 0;
        if (signals.TryTake(set, out SignalInfo info))
        {
            return call.Ecx == 0 ? info.Number : Answer.FaultUnless(memory.TryWrite(call.Ecx, info.ToBytes()), (uint)info.Number);
        }

        return isOver ? Errno.EAGAIN : Errno.EINTR;
    }

    /// <summary>sigaltstack.</summary>
    public Answer Sigaltstack(CallContext call)
    {
        AlternateStack old = signals.Stack;
        bool onStack = old.IsEnabled && old.Contains(call.Registers[PtRegs.Esp]);
        if (call.Ebx != 0)
        {
            if (!memory.TryRead(call.Ebx, out AlternateStack stack))
            {
                return Errno.EFAULT;
            }

            if (onStack)
            {
                return Errno.EPERM;
            }

            uint mode = stack.Flags & ~AlternateStack.AutoDisarm;
            if (mode is not (0 or AlternateStack.OnStack or AlternateStack.Disable))
            {
                return Errno.EINVAL;
            }

            if (mode == AlternateStack.Disable)
            {
                stack = new(0, stack.Flags, 0);
            }
            else if (stack.Size < AlternateStack.MinSize)
            {
                return Errno.ENOMEM;
            }

            signals.Stack = stack with { Flags = stack.Flags & ~AlternateStack.OnStack };
        }

        return call.Ecx == 0
            ? 0
            : Answer.FaultUnless(memory.TryWrite(call.Ecx, old with { Flags = old.IsEnabled && onStack ? old.Flags | AlternateStack.OnStack : old.Flags }));
    }

    /// <summary>kill: this process is the only one, and its group. -1 is everybody but the caller, so nobody.</summary>
    public Answer Kill(CallContext call)
    {
        int pid = (int)call.Ebx;
        bool isSelf = pid == 0 || (pid != -1 && Math.Abs((long)pid) == task.Pid);
        return Send(isSelf, call.Ecx, SignalInfo.User, toThread: false);
    }

    /// <summary>tkill.</summary>
    public Answer Tkill(CallContext call) =>
        (int)call.Ebx <= 0 ? Errno.EINVAL : Send(call.Ebx == task.Pid, call.Ecx, SignalInfo.ThreadKill, toThread: true);

    /// <summary>tgkill.</summary>
    public Answer Tgkill(CallContext call) =>
        (int)call.Ebx <= 0 || (int)call.Ecx <= 0 ? Errno.EINVAL : Send(call.Ebx == task.Pid && call.Ecx == task.Pid, call.Edx, SignalInfo.ThreadKill, toThread: true);

    /// <summary>rt_sigqueueinfo and rt_tgsigqueueinfo, to the process itself.</summary>
    /// <param name="isSelf">Whether that is who it names.</param>
    /// <param name="number">The signal.</param>
    /// <param name="address">Its siginfo.</param>
    /// <param name="toThread">Whether it is for the thread.</param>
    public Answer Queue(bool isSelf, uint number, uint address, bool toThread)
    {
        Span<byte> bytes = stackalloc byte[SignalInfo.Size];
        if (!memory.TryRead(address, bytes))
        {
            return Errno.EFAULT;
        }

        ReadOnlySpan<uint> words = MemoryMarshal.Cast<byte, uint>(bytes);
        return Send(isSelf, number, (int)words[2], toThread, words[3], words[4], words[5]);
    }

    /// <summary>Whether an identifier is this process's.</summary>
    public bool IsSelf(uint pid) => pid == task.Pid;

    /// <summary>sigreturn: what the handler was called on comes back.</summary>
    public Answer Sigreturn(CallContext call) => Return(call, frame.TryReturn(call.Registers, call.Vcpu));

    /// <summary>rt_sigreturn.</summary>
    public Answer RtSigreturn(CallContext call) => Return(call, frame.TryReturnRealTime(call.Registers, call.Vcpu));

    private static ulong? Changed(uint how, ulong old, ulong set) => how switch
    {
        0 => old | set, // SIG_BLOCK
        1 => old & ~set, // SIG_UNBLOCK
        2 => set, // SIG_SETMASK
        _ => null,
    };

    private Answer Return(CallContext call, bool done)
    {
        if (!done)
        {
            signals.Force(SignalInfo.FromKernel(Signals.Segv));
        }

        return call.Registers[PtRegs.Eax];
    }

    private Answer Exchange(uint number, SignalAction? action, Func<SignalAction, bool> store)
    {
        if (number is < 1 or > Signals.Max || (action is not null && (Signals.Unblockable & Signals.Bit((int)number)) != 0))
        {
            return Errno.EINVAL;
        }

        SignalAction old = signals[(int)number];
        if (action is SignalAction given)
        {
            signals[(int)number] = given;
        }

        return Answer.FaultUnless(store(old));
    }

    private Answer Suspend(CallContext call, ulong mask)
    {
        signals.Borrow(mask);
        if (!signals.HasDeliverable)
        {
            call.Wait([], null);
        }

        return Answer.RestartUnlessHandled;
    }

    private Answer Send(bool isSelf, uint number, int code, bool toThread, uint? first = null, uint? second = null, uint third = 0)
    {
        if (!isSelf)
        {
            return Errno.ESRCH;
        }

        if (number > Signals.Max)
        {
            return Errno.EINVAL;
        }

        SignalInfo info = new((int)number, code) { First = first ?? task.Pid, Second = second ?? task.Uid, Third = third };
        return number == 0 || signals.Post(info, toThread) ? 0 : Errno.EAGAIN;
    }

    /// <summary>struct sigaction of rt_sigaction.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private readonly record struct RtAction(uint Handler, uint Flags, uint Restorer, ulong Mask);

    /// <summary>struct old_sigaction.</summary>
    private readonly record struct OldAction(uint Handler, uint Mask, uint Flags, uint Restorer);
}
