// SPDX-License-Identifier: MIT

using System.Text;
using Kvmsys.Guest;
using Kvmsys.Guest.Descriptors;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>
/// A program of Linux's on the guest's kernel: its memory, files and signals, and what becomes of its system calls and exceptions. The
/// kernel answers what it can; the rest comes here.
/// </summary>
internal sealed class LinuxProcess : IGuestService, IDisposable
{
    private readonly GuestRam _ram;
    private readonly AddressSpace _memory;
    private readonly FileTable _files;
    private readonly SignalState _signals = new();
    private readonly SignalFrame _frame;
    private readonly SystemCalls _calls;
    private readonly Action<string> _warn;
    private readonly HashSet<uint> _missing = [];
    private ulong _stops;
    private readonly AlarmClock _alarm;
    private readonly ThreadAreas _areas;

    // Signals from outside: a bit each, set by another thread.
    private ulong _sent;

    // Those that have come so.
    private ulong _fromOutside;

    /// <summary>The process of a guest that has not run yet.</summary>
    /// <param name="guest">The guest.</param>
    /// <param name="program">Its program.</param>
    /// <param name="ram">The guest's memory, with the image in it.</param>
    /// <param name="task">Who the program is.</param>
    /// <param name="options">How it is run.</param>
    /// <exception cref="Native.KvmException">A folder cannot be opened.</exception>
    public LinuxProcess(I386Guest guest, GuestProgram program, GuestRam ram, TaskIdentity task, ProcessOptions options)
    {
        _ram = ram;
        _warn = options.Warn;
        _memory = new AddressSpace(guest, program, ram);
        _files = new FileTable(options.WorkingDirectory, options.ReadOnlyFolders, options.StandardFiles);
        _alarm = new AlarmClock(_memory);
        _areas = new ThreadAreas(_memory, ram);
        SymbolTable symbols = guest.Image.Symbols;
        _frame = new SignalFrame(_memory, _signals, _areas, symbols.AddressOf("__kernel_sigreturn"), symbols.AddressOf("__kernel_rt_sigreturn"));
        _calls = new SystemCalls(
            new MemoryCalls(_memory, _files),
            new DescriptorCalls(_memory, _files, task),
            new TransferCalls(_memory, _files, _signals, task),
            new PollCalls(_memory, _files, _signals),
            new PathCalls(_memory, _files, Encoding.UTF8.GetBytes(options.FullPath)),
            new TimeCalls(_memory, task),
            _alarm,
            new SignalCalls(_memory, _signals, _frame, task),
            new ProcessCalls(_memory, _signals, task, new Random(options.Seed)),
            _areas);
    }

    /// <summary>The signal that has ended the program; 0 when none has.</summary>
    public int FatalSignal { get; private set; }

    /// <summary>The program's memory.</summary>
    public AddressSpace Memory => _memory;

    /// <summary>Its files.</summary>
    public FileTable Files => _files;

    /// <summary>Whether the signal that has ended the program came from outside.</summary>
    public bool EndedFromOutside => FatalSignal != 0 && (_fromOutside & Signals.Bit(FatalSignal)) != 0;

    /// <summary>Sends the program a signal, from any thread. The machine must be kicked for it.</summary>
    public void Send(int signal) => Interlocked.Or(ref _sent, Signals.Bit(signal));

    /// <inheritdoc/>
    public bool TakeArrivals()
    {
        for (ulong sent = Interlocked.Exchange(ref _sent, 0); sent != 0; sent &= sent - 1)
        {
            int signal = System.Numerics.BitOperations.TrailingZeroCount(sent) + 1;
            _fromOutside |= Signals.Bit(signal);
            _signals.Post(new SignalInfo(signal, SignalInfo.User));
        }

        if (_alarm.IsDue)
        {
            _alarm.Take();
            _signals.Post(SignalInfo.FromKernel(Signals.Alarm));
        }

        if (_signals.EndsWait)
        {
            return true;
        }

        _alarm.EndRetries();
        return false;
    }

    /// <inheritdoc/>
    public StopReason? Interrupt(IVcpu vcpu)
    {
        // In the middle of the guest's kernel a program's registers are nowhere whole; it is out of there soon.
        if ((vcpu.Sregs.Cs.Selector & 3) != 3 || vcpu.HasEventInFlight)
        {
            _alarm.Retry();
            return null;
        }

        VcpuRegisters registers = new(vcpu);
        StopReason? stop = Deliver(registers, vcpu);
        if (stop is null)
        {
            registers.LoadSegments(_areas.Load(Selector.UserData));
        }

        return stop;
    }

    /// <summary>The program's registers, while a system call or an exception of it is served; else the vCPU has them.</summary>
    public SavedRegisters? Saved { get; private set; }

    /// <summary>Who is told of signals before they are delivered; null for nobody.</summary>
    public ISignalWatch? Watch { get; set; }

    /// <inheritdoc/>
    public StopReason? Serve(ushort port, uint value, IVcpu vcpu)
    {
        StopReason? stop = port switch
        {
            MonitorPort.PageFault or MonitorPort.SystemCall or MonitorPort.Fault when !IsOnKernelStack(value) => StopReason.Crash,
            MonitorPort.PageFault => ServePageFault(value),
            MonitorPort.SystemCall => ServeSystemCall(SavedRegisters.OfSystemCall(_ram, value), vcpu),
            MonitorPort.Fault => ServeException(value, vcpu),
            MonitorPort.BadReturn => EndBy(Signals.Segv),
            MonitorPort.MoreUpdates => null,
            _ => StopReason.Crash,
        };
        Saved = null;
        _memory.WriteUpdates();
        return stop;
    }

    /// <summary>Sends the program a signal from outside. It gets it when it next enters the kernel.</summary>
    public void Post(int signal) => _signals.Post(new SignalInfo(signal, SignalInfo.User));

    /// <inheritdoc/>
    public void Dispose()
    {
        _alarm.Dispose();
        _files.Dispose();
    }

    // The kernel has its registers nowhere else, unless a debugger has sent it astray.
    private static bool IsOnKernelStack(uint address) => address - KernelLayout.ThreadUnion <= KernelLayout.ThreadSize - FaultFrame.Size;

    private StopReason? ServePageFault(uint frame)
    {
        const uint write = 2;
        uint physical = KernelLayout.Physical(frame);
        uint address = _ram.Read<uint>(KernelLayout.Physical(KernelLayout.TaskStruct) + TaskStruct.Cr2);
        bool isWrite = (_ram.Read<uint>(physical + FaultFrame.ErrorCode) & write) != 0;
        switch (_memory.Touch(address, isWrite))
        {
            case FaultOutcome.Mapped:
                _ram.Write(physical + FaultFrame.Vector, FaultFrame.Handled);
                return null;
            case FaultOutcome.OutOfMemory:
                return EndByMemory();
            default:
                return null;
        }
    }

    private StopReason? ServeSystemCall(SavedRegisters registers, IVcpu vcpu)
    {
        Saved = registers;
        uint number = registers[PtRegs.OrigEax];
        CallContext call = new(registers, vcpu);
        if (_calls[number] is Func<CallContext, Answer> serve)
        {
            registers[PtRegs.Eax] = serve(call).Eax;
        }
        else
        {
            registers[PtRegs.Eax] = unchecked((uint)-LinuxErrno.Enosys);
            Miss(number);
        }

        if (call.Stop is StopReason stop)
        {
            return stop;
        }

        if (_memory.IsOutOfMemory)
        {
            return EndByMemory();
        }

        TakeArrivals();

        // Only IRET can give back every register, as a handler's return and its call need it.
        if (_signals.HasDeliverable || new Answer(registers[PtRegs.Eax]).IsRestart || number is (uint)Syscall.sigreturn or (uint)Syscall.rt_sigreturn)
        {
            uint flags = KernelLayout.Physical(KernelLayout.ThreadUnion) + ThreadInfo.Flags;
            _ram.Write(flags, _ram.Read<uint>(flags) | ThreadInfo.Iret);
        }

        return Deliver(registers, vcpu, isSystemCall: true);
    }

    private StopReason? ServeException(uint frame, IVcpu vcpu)
    {
        SavedRegisters registers = SavedRegisters.OfException(_ram, frame);
        if ((registers[PtRegs.Cs] & 3) == 0)
        {
            return StopReason.Crash;
        }

        Saved = registers;
        uint physical = KernelLayout.Physical(frame);
        uint vector = _ram.Read<uint>(physical + FaultFrame.Vector);
        uint error = _ram.Read<uint>(physical + FaultFrame.ErrorCode);
        uint cr2 = _ram.Read<uint>(KernelLayout.Physical(KernelLayout.TaskStruct) + TaskStruct.Cr2);
        bool isMapped = _memory.Regions.At(cr2) is not null;
        if (ExceptionSignal.Of(vector, error, registers[PtRegs.Eip], cr2, isMapped, vcpu) is not SignalInfo info)
        {
            return StopReason.Crash;
        }

        _signals.Force(info);
        return Deliver(registers, vcpu);
    }

    /// <summary>Lets handlers run, the last that was sent first, as each is entered on top of the one before.</summary>
    private StopReason? Deliver(ProgramRegisters registers, IVcpu vcpu, bool isSystemCall = false)
    {
        // What sigreturn has put there is the program's own: it leaves no number of a system call behind.
        bool wasInterrupted = isSystemCall && new Answer(registers[PtRegs.Eax]).IsRestart && registers[PtRegs.OrigEax] != uint.MaxValue;
        while (_signals.TryTake(out SignalInfo info))
        {
            if (Watch is ISignalWatch watch)
            {
                if (watch.Delivering(in info) is not SignalInfo delivered)
                {
                    continue;
                }

                info = delivered;
            }

            SignalAction action = _signals[info.Number];
            if (action.Handler == SignalAction.Ignore || (action.Handler == SignalAction.Default && Signals.IsIgnoredByDefault(info.Number)))
            {
                continue;
            }

            if (action.Handler == SignalAction.Default)
            {
                if (Signals.StopsProgram(info.Number))
                {
                    TellStop(info.Number);
                    continue;
                }

                return EndBy(info.Number);
            }

            if (wasInterrupted)
            {
                Restart(registers, isWanted: action.Restarts && registers[PtRegs.Eax] == Answer.Restart.Eax);
                wasInterrupted = false;
            }

            if (!_frame.TryEnter(info, registers, vcpu))
            {
                if (_memory.IsOutOfMemory)
                {
                    return EndByMemory();
                }

                if (info.Number == Signals.Segv)
                {
                    return EndBy(Signals.Segv);
                }

                _signals.Force(SignalInfo.FromKernel(Signals.Segv));
            }
        }

        if (wasInterrupted)
        {
            Restart(registers, isWanted: true);
        }

        _signals.GiveBack();
        return null;
    }

    /// <summary>
    /// Makes an interrupted system call again when the program goes on, or tells it that it was. Two bytes before the return address lies INT
    /// 0x80, or on the vsyscall page the jump to where SYSENTER is entered from again.
    /// </summary>
    private static void Restart(ProgramRegisters registers, bool isWanted)
    {
        const uint instructionLength = 2;
        if (isWanted)
        {
            registers[PtRegs.Eax] = registers[PtRegs.OrigEax];
            registers[PtRegs.Eip] -= instructionLength;
        }
        else
        {
            registers[PtRegs.Eax] = unchecked((uint)-(int)Errno.EINTR);
        }
    }

    private StopReason EndBy(int signal)
    {
        FatalSignal = signal;
        return StopReason.Signal;
    }

    private StopReason EndByMemory()
    {
        _warn($"the guest's memory, {_memory.MemoryPages >> 8} MiB, is all in use, and the program is killed as Linux would kill it. Cure: give it more by --memory.");
        return EndBy(Signals.Kill);
    }

    private void TellStop(int signal)
    {
        if ((_stops & Signals.Bit(signal)) == 0)
        {
            _stops |= Signals.Bit(signal);
            _warn($"the program stops itself by {Signals.NameOf(signal)}; nobody would continue it, so it goes on");
        }
    }

    private void Miss(uint number)
    {
        // Of the numbers that no system call has there are too many to tell each.
        if (_missing.Add(Math.Min(number, SyscallNumber.Count)))
        {
            string name = Enum.IsDefined((Syscall)number) ? $"{(Syscall)number} ({number})" : $"{number}";
            _warn($"the program makes system call {name}, which is not there: -ENOSYS");
        }
    }
}
