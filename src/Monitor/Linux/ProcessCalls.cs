// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using System.Text;
using Kvmsys.Guest.Kernel;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>The system calls about the process itself: its limits, its names, its one thread.</summary>
/// <param name="memory">The program's memory.</param>
/// <param name="signals">Its signals, of which only so many are queued.</param>
/// <param name="task">Who it is.</param>
/// <param name="random">Where getrandom's bytes come from.</param>
internal sealed class ProcessCalls(AddressSpace memory, SignalState signals, TaskIdentity task, Random random)
{
    private const int StackResource = 3;
    private const int FilesResource = 7;
    private const int SignalsResource = 11;
    private const int Resources = 16;
    private const uint Infinity32 = uint.MaxValue;
    private const ulong Infinity64 = ulong.MaxValue;
    private const int NameSize = 16;

    private readonly (ulong Soft, ulong Hard)[] _limits = StartLimits(memory.StackLimit);
    private byte[] _name = new byte[NameSize];
    private (uint Address, uint Signature)? _rseq;

    /// <summary>uname.</summary>
    public Answer Uname(CallContext call)
    {
        const int fieldSize = 65;
        string[] fields = ["Linux", "kvmsys", "2.6.12", "#1 kvmsys", "i686", "(none)"];
        byte[] names = new byte[fields.Length * fieldSize];
        for (int i = 0; i < fields.Length; i++)
        {
            Encoding.ASCII.GetBytes(fields[i], names.AsSpan(i * fieldSize));
        }

        return Answer.FaultUnless(memory.TryWrite(call.Ebx, names));
    }

    /// <summary>getpgid and getsid: this process leads both.</summary>
    public Answer Getpgid(CallContext call) => call.Ebx == 0 || call.Ebx == task.Pid ? task.Pid : Errno.ESRCH;

    /// <summary>setpgid: who leads a session stays in its group.</summary>
    public Answer Setpgid(CallContext call) => call.Ebx == 0 || call.Ebx == task.Pid ? Errno.EPERM : Errno.ESRCH;

    /// <summary>setsid: the process leads a group, and may not.</summary>
    public static Answer Setsid(CallContext call) => Errno.EPERM;

    /// <summary>getgroups32: none beside the first.</summary>
    public static Answer Getgroups(CallContext call) => (int)call.Ebx < 0 ? Errno.EINVAL : 0;

    /// <summary>getresuid32.</summary>
    public Answer Getresuid(CallContext call) => Store(call, task.Uid);

    /// <summary>getresgid32.</summary>
    public Answer Getresgid(CallContext call) => Store(call, task.Gid);

    /// <summary>wait4 and waitpid: there are no children.</summary>
    public static Answer Wait(CallContext call)
    {
        // WNOHANG, WUNTRACED, WCONTINUED, __WNOTHREAD, __WALL, __WCLONE.
        const uint knownOptions = 1 | 2 | 8 | 0x20000000 | 0x40000000 | 0x80000000;
        return (call.Edx & ~knownOptions) != 0 ? Errno.EINVAL : (int)call.Ebx == int.MinValue ? Errno.ESRCH : Errno.ECHILD;
    }

    /// <summary>personality: Linux's own.</summary>
    public static Answer Personality(CallContext call) => 0;

    /// <summary>getpriority: 20 less the nice value.</summary>
    public static Answer Getpriority(CallContext call) => 20;

    /// <summary>prctl: the thread's name.</summary>
    public Answer Prctl(CallContext call)
    {
        const uint setName = 15;
        const uint getName = 16;
        switch (call.Ebx)
        {
            case setName:
                byte[] name = new byte[NameSize];
                int read = memory.ReadSome(call.Ecx, name.AsSpan(0, NameSize - 1));
                int end = name.AsSpan(0, read).IndexOf((byte)0);
                if (end < 0 && read < NameSize - 1)
                {
                    return Errno.EFAULT;
                }

                _name = [.. name[..(end < 0 ? read : end)], .. new byte[NameSize - (end < 0 ? read : end)]];
                return 0;
            case getName:
                return Answer.FaultUnless(memory.TryWrite(call.Ecx, _name));
            default:
                return Errno.EINVAL;
        }
    }

    /// <summary>set_tid_address: nobody waits for the thread's end.</summary>
    public Answer SetTidAddress(CallContext call) => task.Pid;

    /// <summary>set_robust_list: there is no other thread that would want the locks.</summary>
    public static Answer SetRobustList(CallContext call)
    {
        const uint headSize = 12;
        return call.Ecx == headSize ? 0 : Errno.EINVAL;
    }

    /// <summary>rseq: the one thread is always on CPU 0, and is never moved.</summary>
    public Answer Rseq(CallContext call)
    {
        const uint size = 32;
        const uint unregister = 1;
        (uint address, uint length, uint flags, uint signature) = (call.Ebx, call.Ecx, call.Edx, call.Esi);
        if ((flags & ~unregister) != 0 || length != size || address % size != 0)
        {
            return Errno.EINVAL;
        }

        if (flags == unregister)
        {
            if (_rseq != (address, signature))
            {
                return Errno.EINVAL;
            }

            _rseq = null;
            return 0;
        }

        if (_rseq is not null)
        {
            return _rseq == (address, signature) ? Errno.EBUSY : Errno.EINVAL;
        }

        // cpu_id_start and cpu_id.
        if (!memory.TryWrite(address, 0UL))
        {
            return Errno.EFAULT;
        }

        _rseq = (address, signature);
        return 0;
    }

    /// <summary>futex for one thread: nobody is to be woken, and nobody wakes.</summary>
    /// <param name="call">The call.</param>
    /// <param name="wide">Whether the time has 64 bits.</param>
    public Answer Futex(CallContext call, bool wide)
    {
        const uint commandMask = 0x7f;
        const uint wait = 0;
        const uint wake = 1;
        const uint requeue = 3;
        const uint compareRequeue = 4;
        const uint waitBitset = 9;
        const uint wakeBitset = 10;
        if (call.Ebx % sizeof(uint) != 0)
        {
            return Errno.EINVAL;
        }

        switch (call.Ecx & commandMask)
        {
            case wake or wakeBitset or requeue or compareRequeue:
                return Answer.FaultUnless(memory.TryRead(call.Ebx, out uint _));
            case wait or waitBitset:
                if (!memory.TryRead(call.Ebx, out uint value))
                {
                    return Errno.EFAULT;
                }

                if (value != call.Edx)
                {
                    return Errno.EAGAIN;
                }

                return WaitForNobody(call, isAbsolute: (call.Ecx & commandMask) == waitBitset, wide);
            default:
                return Errno.ENOSYS;
        }
    }

    /// <summary>getrandom.</summary>
    public Answer Getrandom(CallContext call)
    {
        const uint knownFlags = 7;
        const int most = 1 << 20;
        if ((call.Edx & ~knownFlags) != 0)
        {
            return Errno.EINVAL;
        }

        byte[] bytes = new byte[memory.PrepareWrite(call.Ebx, (int)Math.Min(call.Ecx, most))];
        if (bytes.Length == 0 && call.Ecx != 0)
        {
            return Errno.EFAULT;
        }

        random.NextBytes(bytes);
        return Answer.FaultUnless(memory.TryWrite(call.Ebx, bytes), (uint)bytes.Length);
    }

    /// <summary>prlimit64 of the process itself.</summary>
    public Answer Prlimit64(CallContext call)
    {
        if (call.Ebx != 0 && call.Ebx != task.Pid)
        {
            return Errno.ESRCH;
        }

        if (call.Ecx >= Resources)
        {
            return Errno.EINVAL;
        }

        (ulong, ulong) old = _limits[call.Ecx];
        if (call.Edx != 0)
        {
            if (!memory.TryRead(call.Edx, out Limit64 limit))
            {
                return Errno.EFAULT;
            }

            Errno error = SetLimit((int)call.Ecx, limit.Soft, limit.Hard);
            if (error != default)
            {
                return error;
            }
        }

        return call.Esi == 0 ? 0 : Answer.FaultUnless(memory.TryWrite(call.Esi, new Limit64(old.Item1, old.Item2)));
    }

    /// <summary>ugetrlimit, and getrlimit, whose infinity is the largest positive number.</summary>
    public Answer Getrlimit(CallContext call, bool old)
    {
        if (call.Ebx >= Resources)
        {
            return Errno.EINVAL;
        }

        (ulong soft, ulong hard) = _limits[call.Ebx];
        return Answer.FaultUnless(memory.TryWrite(call.Ecx, new Limit32(Narrow(soft), Narrow(hard))));

        uint Narrow(ulong limit) => old ? (uint)Math.Min(limit, int.MaxValue) : (uint)Math.Min(limit, Infinity32);
    }

    /// <summary>setrlimit.</summary>
    public Answer Setrlimit(CallContext call)
    {
        if (call.Ebx >= Resources)
        {
            return Errno.EINVAL;
        }

        return memory.TryRead(call.Ecx, out Limit32 limit) ? SetLimit((int)call.Ebx, Widen(limit.Soft), Widen(limit.Hard)) : Errno.EFAULT;

        static ulong Widen(uint value) => value == Infinity32 ? Infinity64 : value;
    }

    /// <summary>sched_getaffinity: one CPU.</summary>
    public Answer SchedGetaffinity(CallContext call) =>
        call.Ebx != 0 && call.Ebx != task.Pid ? Errno.ESRCH
        : call.Ecx < sizeof(uint) ? Errno.EINVAL
        : Answer.FaultUnless(memory.TryWrite(call.Edx, 1u), sizeof(uint));

    /// <summary>sysinfo: memory, in bytes.</summary>
    public Answer Sysinfo(CallContext call)
    {
        const int size = 64;
        const int totalRam = 16;
        const int processes = 40;
        const int unit = 52;
        Span<byte> info = stackalloc byte[size];
        info.Clear();
        _ = Clock.Read(clock: 7, out long uptime, out _);
        MemoryMarshal.Write(info, (uint)uptime);
        MemoryMarshal.Write(info[totalRam..], memory.MemoryPages * Guest.Paging.PageTableBuilder.PageSize);
        MemoryMarshal.Write(info[(totalRam + sizeof(uint))..], memory.FreePages * Guest.Paging.PageTableBuilder.PageSize);
        MemoryMarshal.Write(info[processes..], (ushort)1);
        MemoryMarshal.Write(info[unit..], 1u);
        return Answer.FaultUnless(memory.TryWrite(call.Ebx, info));
    }

    private static (ulong, ulong)[] StartLimits(uint stack)
    {
        (ulong, ulong)[] limits = new (ulong, ulong)[Resources];
        Array.Fill(limits, (Infinity64, Infinity64));
        limits[StackResource] = (stack, Infinity64);
        limits[FilesResource] = (FileTable.Limit, FileTable.Limit);
        limits[SignalsResource] = (SignalState.MaxQueueLimit, SignalState.MaxQueueLimit);
        return limits;
    }

    private Errno SetLimit(int resource, ulong soft, ulong hard)
    {
        if (soft > hard)
        {
            return Errno.EINVAL;
        }

        if (hard > _limits[resource].Hard)
        {
            return Errno.EPERM;
        }

        _limits[resource] = (soft, hard);
        switch (resource)
        {
            case StackResource:
                memory.StackLimit = (uint)Math.Min(soft, uint.MaxValue);
                break;
            case SignalsResource:
                signals.QueueLimit = (int)soft;
                break;
        }

        return default;
    }

    private Answer WaitForNobody(CallContext call, bool isAbsolute, bool wide)
    {
        const uint realtime = 0x100;
        if (call.Esi == 0)
        {
            _ = call.Wait([], null);
            return Answer.Restart;
        }

        Errno error = GuestTime.Read(memory, call.Esi, wide, out TimeSpan time);
        if (error != default)
        {
            return error;
        }

        if (isAbsolute)
        {
            _ = Clock.Read((call.Ecx & realtime) != 0 ? 0 : 1, out long seconds, out long nanoseconds);
            time -= TimeSpan.FromSeconds(seconds) + TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick);
        }

        return time <= TimeSpan.Zero || call.Wait([], time) ? Errno.ETIMEDOUT : Errno.EINTR;
    }

    private Answer Store(CallContext call, uint identifier) =>
        Answer.FaultUnless(memory.TryWrite(call.Ebx, identifier) && memory.TryWrite(call.Ecx, identifier) && memory.TryWrite(call.Edx, identifier));

    private readonly record struct Limit32(uint Soft, uint Hard);

    private readonly record struct Limit64(ulong Soft, ulong Hard);
}
