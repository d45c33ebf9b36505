// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Runtime.InteropServices;
using Kvmsys.Guest;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Kernel;
using Kvmsys.Native;
using Kvmsys.Native.Abi;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Machine;

/// <summary>
/// A guest image on a KVM vCPU: memory, state, and a run loop on a thread of its own that a deadline or a cancellation stops without a race.
/// </summary>
/// <remarks>
/// How a run is stopped: the vCPU's thread blocks one signal for its whole life, and KVM_RUN unblocks it (KVM_SET_SIGNAL_MASK). Sent at any
/// moment, it stays pending until KVM_RUN, which then returns EINTR at once; nothing can be missed, no handler ever runs. The thread takes the
/// signal and looks at what was asked. It comes from a kernel timer, which is set to the deadline, and to now when the run is cancelled.
/// </remarks>
public sealed class VirtualMachine : IVcpu, IDisposable
{
    // Where Intel's KVM puts its TSS for real mode: below 4 GiB, clear of every slot; the identity map's default lies just below.
    private const uint TssAddress = 0xfffbd000;

    // Should a signal be taken by somebody else, another comes soon.
    private static readonly TimeSpan KickInterval = TimeSpan.FromMilliseconds(10);

    // The least that a timer takes for its delay.
    private static readonly TimeSpan Now = TimeSpan.FromTicks(1);

    /// <summary>The longest time that one run may be given.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromDays(365);

    private readonly VcpuThread _thread = new();
    private readonly GuestImage _image;
    private KvmVm? _vm;
    private KvmVcpu? _vcpu;
    private KvmStatistics? _statistics;
    private ThreadTimer? _deadline;
    private ulong[] _before = [];
    private ulong[] _after = [];
    private SignalFile? _kicks;
    private bool _cancelled;
    private bool _breakAsked;
    private long _end;
    private GuestDebug? _debug;

    /// <summary>Creates the machine and loads the image.</summary>
    /// <param name="kvm">The system's KVM.</param>
    /// <param name="image">What to load.</param>
    /// <param name="cpuid">The CPUID table; it must be the one that the image was built for.</param>
    /// <param name="placement">Where the vCPU's thread runs, and how; null for wherever the scheduler likes.</param>
    /// <exception cref="KvmException">KVM or the memory limit refuses something; the message says what.</exception>
    public VirtualMachine(Kvm kvm, GuestImage image, GuestCpuid cpuid, VcpuPlacement? placement = null)
    {
        _image = image;
        try
        {
            Ram = new GuestRam(image.MemorySize);
            _thread.Invoke(() =>
            {
                Placed = placement?.Apply(Ram.Mapping) ?? default;
                SetUp(kvm, cpuid);
            });
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The guest's physical memory.</summary>
    public GuestRam Ram { get; }

    /// <summary>How long the set-up took, by phase.</summary>
    public SetupTimes Setup { get; private set; }

    /// <summary>What of the placement the host granted.</summary>
    /// <remarks>Each time it looks into /proc/self/smaps for how much of the memory is in huge pages by now.</remarks>
    public GrantedPlacement Placed
    {
        get => field with { HugePageBytes = Ram.Mapping.HugePageBytes };
        private set;
    }

    /// <summary>Rate of the guest's TSC in kHz; null where KVM does not say, because the kernel could not calibrate the host's.</summary>
    public int? TscKhz { get; private set; }

    /// <summary>What serves the guest's kernel; without one it gets no system call and no page.</summary>
    /// <exception cref="KvmException">No file descriptor is left.</exception>
    internal IGuestService? Service
    {
        get;
        set
        {
            field = value;

            // A program may use up the descriptors later, and wait then.
            _kicks ??= new SignalFile(SignalSet.Of(ThreadSignals.FreeSignal));
        }
    }

    /// <inheritdoc/>
    KvmRegs IVcpu.Regs
    {
        get => _debug is null ? _vcpu!.GetRegs() : _debug.Regs;
        set
        {
            if (_debug is null)
            {
                _vcpu!.SetRegs(in value);
            }
            else
            {
                _debug.Regs = value;
            }
        }
    }

    /// <inheritdoc/>
    bool IVcpu.HasEventInFlight => _vcpu!.GetVcpuEvents() is { Exception.Injected: not 0 } or { Interrupt.Injected: not 0 } or { Nmi.Injected: not 0 };

    /// <summary>Writes a model-specific register between two runs, for a test that changes the guest's clock.</summary>
    /// <exception cref="KvmException">KVM has no such register.</exception>
    internal void SetMsr(uint index, ulong value) => _thread.Invoke(() =>
    {
        if (_vcpu!.SetMsrs([new KvmMsrEntry { Index = index, Data = value }]) != 1)
        {
            throw new KvmException("KVM_SET_MSRS", Errno.EINVAL, Msr.NameOf(index));
        }
    });

    /// <summary>Who debugs the guest in the runs to come; null for nobody.</summary>
    internal IDebugger? Debugger { get; set; }

    /// <inheritdoc/>
    KvmSregs IVcpu.Sregs
    {
        get => _vcpu!.GetSregs();
        set
        {
            if (_debug is null)
            {
                _vcpu!.SetSregs(in value);
            }
            else
            {
                _debug.Sregs = value;
            }
        }
    }

    /// <inheritdoc/>
    void IVcpu.ReadFpu(Span<byte> fxsave)
    {
        byte[] area = new byte[_vcpu!.XsaveSize];
        _vcpu.GetXsave(area);
        area.AsSpan(0, fxsave.Length).CopyTo(fxsave);
    }

    /// <inheritdoc/>
    void IVcpu.WriteFpu(ReadOnlySpan<byte> fxsave)
    {
        // KVM_SET_FPU leaves MXCSR out. Bits 0 and 1 of XSTATE_BV say that the area holds x87's and SSE's state (SDM Vol. 1, 13.4.2).
        const int xstateBv = 512;
        byte[] area = new byte[_vcpu!.XsaveSize];
        _vcpu.GetXsave(area);
        fxsave.CopyTo(area);
        area[xstateBv] |= 3;
        _vcpu.SetXsave(area);
    }

    /// <inheritdoc/>
    bool IVcpu.Wait(Span<PolledFile> files, TimeSpan? time, out StopReason? stop)
    {
        // The kick is readable here, as it makes KVM_RUN return there: the thread waits for whatever comes first.
        long start = Stopwatch.GetTimestamp();
        TimeSpan? left = time;
        while (_kicks!.Wait(files, left))
        {
            stop = StopAsked();
            if (stop is not null)
            {
                return false;
            }

            // As on Linux, files that are ready come before signals.
            if (Service!.TakeArrivals())
            {
                return IsAnyReady(files);
            }

            if (_debug is not null && BreakTaken())
            {
                Debugger!.Stopped(new DebugStop(DebugStopKind.Interrupted), _debug);
                if (_debug.Action == DebugAction.End)
                {
                    stop = StopReason.Debugger;
                    return false;
                }
            }

            TimeSpan? rest = time - Stopwatch.GetElapsedTime(start);
            left = rest < TimeSpan.Zero ? TimeSpan.Zero : rest;
        }

        stop = null;
        return true;
    }

    private static bool IsAnyReady(ReadOnlySpan<PolledFile> files)
    {
        foreach (PolledFile file in files)
        {
            if (file.Ready != PollEvents.None)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Runs the guest until it stops by itself, the time is over, or it is cancelled.</summary>
    /// <param name="time">How long it may run: more than nothing, at most <see cref="MaxTime"/>.</param>
    /// <param name="cancellation">Stops it at once.</param>
    /// <exception cref="KvmException">KVM_RUN failed for a reason that is not the guest's.</exception>
    public MachineStop Run(TimeSpan time, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(time, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(time, MaxTime);
        MachineStop? stop = null;
        _thread.Invoke(() => stop = RunOnVcpuThread(time, cancellation));
        return stop!;
    }

    /// <summary>Stops the guest for its debugger, from any thread. While the debugger has stopped it, that is for the next time that it runs.</summary>
    internal void Break()
    {
        Volatile.Write(ref _breakAsked, true);
        _deadline!.Arm(Now, KickInterval);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _kicks?.Dispose();
        _deadline?.Dispose();
        _statistics?.Dispose();
        _vcpu?.Dispose();
        _vm?.Dispose();
        Ram?.Dispose();
        _thread.Dispose();
    }

    /// <summary>The order is KVM's: what a call needs comes before it (see the remarks of <see cref="KvmVm"/> and <see cref="KvmVcpu"/>).</summary>
    private void SetUp(Kvm kvm, GuestCpuid cpuid)
    {
        ThreadSignals.Block(ThreadSignals.FreeSignal);
        _deadline = new ThreadTimer(ThreadSignals.CurrentThreadId, ThreadSignals.FreeSignal);

        long start = Stopwatch.GetTimestamp();
        _vm = kvm.CreateVm();
        _vm.SetTssAddr(TssAddress);
        if (_vm.CheckExtension(KvmCapability.ExitOnEmulationFailure) != 0)
        {
            _vm.EnableExitOnEmulationFailure();
        }

        long created = Stopwatch.GetTimestamp();
        Ram.Load(_image);
        _vm.SetUserMemoryRegion(slot: 0, guestPhysAddr: 0, Ram.Mapping);
        long loaded = Stopwatch.GetTimestamp();

        _vcpu = _vm.CreateVcpu(id: 0);
        if (_vcpu.TryGetStatistics(out _statistics))
        {
            _before = new ulong[_statistics.ValueCount];
            _after = new ulong[_statistics.ValueCount];
        }

        long vcpuCreated = Stopwatch.GetTimestamp();
        SetState(_vcpu, _image.InitialState, cpuid);
        _vcpu.SetSignalMask(ThreadSignals.Blocked.Without(ThreadSignals.FreeSignal));
        long stateSet = Stopwatch.GetTimestamp();

        Setup = new SetupTimes(
            Stopwatch.GetElapsedTime(start, created),
            Stopwatch.GetElapsedTime(created, loaded),
            Stopwatch.GetElapsedTime(loaded, vcpuCreated),
            Stopwatch.GetElapsedTime(vcpuCreated, stateSet));
        TscKhz = ReadTscKhz(_vcpu);
    }

    private static void SetState(KvmVcpu vcpu, CpuState state, GuestCpuid cpuid)
    {
        vcpu.SetCpuid(cpuid.Entries);
        vcpu.SetSregs(VcpuState.ToSregs(state, vcpu.GetSregs()));
        KvmMsrEntry[] msrs = VcpuState.ToMsrs(state);
        int done = vcpu.SetMsrs(msrs);
        if (done != msrs.Length)
        {
            throw new KvmException(
                "KVM_SET_MSRS",
                Errno.EINVAL,
                $"{Msr.NameOf(msrs[done].Index)} = 0x{msrs[done].Data:x} is refused ({done} of {msrs.Length} were set)");
        }

        vcpu.SetRegs(VcpuState.ToRegs(state));
        vcpu.SetFpu(new KvmFpu { Fcw = KvmFpu.DefaultFcw });
    }

    private static int? ReadTscKhz(KvmVcpu vcpu)
    {
        try
        {
            return vcpu.GetTscKhz() is int rate and > 0 ? rate : null;
        }
        catch (KvmException exception) when (exception.Errno == Errno.EIO)
        {
            return null;
        }
    }

    private MachineStop RunOnVcpuThread(TimeSpan time, CancellationToken cancellation)
    {
        Volatile.Write(ref _cancelled, false);
        long start = Stopwatch.GetTimestamp();
        _end = start + (long)(time.TotalSeconds * Stopwatch.Frequency);
        _deadline!.Arm(time, KickInterval);
        StopReason reason;
        TimeSpan elapsed;
        ThreadUsage usageBefore;
        ThreadUsage usageAfter;

        // The registration's disposal waits for a callback that is running, so that no kick comes after the run.
        using (cancellation.UnsafeRegister(static machine => ((VirtualMachine)machine!).Cancel(), this))
        {
            usageBefore = ThreadScheduling.Usage;
            _statistics?.Read(_before);
            reason = Debugger is null ? RunUntilStop() : RunDebugged(Debugger);
            _statistics?.Read(_after);
            usageAfter = ThreadScheduling.Usage;
            elapsed = Stopwatch.GetElapsedTime(start);
        }

        _deadline.Disarm();
        while (ThreadSignals.TakePending(ThreadSignals.FreeSignal))
        {
            // One may have come after the guest had stopped by itself.
        }

        uint status = reason == StopReason.Exit ? (uint)_vcpu!.GetRegs().Rbx : 0;
        CrashReport? crash = reason is StopReason.Crash or StopReason.Signal or StopReason.Deadline ? Autopsy(reason) : null;
        StatisticsDelta? statistics = _statistics is null ? null : new(_statistics, _before, _after);
        return new MachineStop(reason, status, crash, statistics, elapsed, usageBefore, usageAfter);
    }

    /// <summary>The run path: nothing is allocated here.</summary>
    private StopReason RunUntilStop()
    {
        for (; ; )
        {
            StopReason? reason = _vcpu!.Run() == KvmRunOutcome.Exited ? ServeExit(_vcpu.Exit) : StopAsked() ?? Interrupt();
            if (reason is StopReason stop)
            {
                return stop;
            }
        }
    }

    /// <summary>The run path under a debugger.</summary>
    private StopReason RunDebugged(IDebugger debugger)
    {
        GuestDebug debug = new(_vcpu!, Ram);
        _debug = debug;
        try
        {
            debugger.Stopped(new DebugStop(DebugStopKind.Start), debug);
            while (debug.Action is DebugAction.Run or DebugAction.Step)
            {
                if (RunOnce(debugger, debug) is StopReason reason)
                {
                    return reason;
                }
            }

            if (debug.Action == DebugAction.End)
            {
                return StopReason.Debugger;
            }

            debug.Detach();
        }
        finally
        {
            debug.RestoreKernel();
            _debug = null;
        }

        return RunUntilStop();
    }

    private StopReason? RunOnce(IDebugger debugger, GuestDebug debug)
    {
        debug.Prepare();
        KvmRunOutcome outcome = _vcpu!.Run();
        debug.Restore();
        DebugStop? stop = null;
        if (outcome != KvmRunOutcome.Exited)
        {
            if (StopAsked() is StopReason asked)
            {
                return asked;
            }

            debug.Refresh();
            if (BreakTaken())
            {
                stop = new(DebugStopKind.Interrupted);
            }
            else
            {
                uint pc = debug.Pc;
                if (Interrupt() is StopReason end)
                {
                    return end;
                }

                stop = debug.Action == DebugAction.Step && debug.Pc != pc ? new(DebugStopKind.Handler) : null;
            }
        }
        else
        {
            debug.Refresh();
            if (!debug.TryExamine(_vcpu.Exit, out stop))
            {
                if (ServeExit(_vcpu.Exit) is StopReason reason)
                {
                    return reason;
                }

                stop = debug.Served();
            }
        }

        if (stop is DebugStop stopped)
        {
            debugger.Stopped(in stopped, debug);
        }

        return null;
    }

    /// <summary>Whether the debugger wants the guest to stop. The timer is back at the deadline then.</summary>
    private bool BreakTaken()
    {
        if (!Volatile.Read(ref _breakAsked))
        {
            return false;
        }

        Volatile.Write(ref _breakAsked, false);
        TimeSpan left = TimeSpan.FromSeconds((_end - Stopwatch.GetTimestamp()) / (double)Stopwatch.Frequency);
        _deadline!.Arm(left > Now ? left : Now, KickInterval);
        if (Volatile.Read(ref _cancelled) || Volatile.Read(ref _breakAsked) || (Service?.TakeArrivals() ?? false))
        {
            // Asked for while the timer was set to something else.
            _deadline.Arm(Now, KickInterval);
        }

        return true;
    }

    /// <summary>Whether the time is over, or somebody wants the machine to stop; asked when a signal came.</summary>
    private StopReason? StopAsked()
    {
        ThreadSignals.TakePending(ThreadSignals.FreeSignal);
        return Volatile.Read(ref _cancelled) ? StopReason.Cancelled
            : Stopwatch.GetTimestamp() >= _end ? StopReason.Deadline
            : null;
    }

    private StopReason? Interrupt() => Service is IGuestService service && service.TakeArrivals() ? service.Interrupt(this) : null;

    /// <summary>An exit that the guest makes on purpose and that asks for nothing: it is answered by running the guest on. Null for none.</summary>
    internal KvmExitReason? AnsweredExit { get; set; }

    /// <summary>What the guest tells its monitor; any other exit is the end of it.</summary>
    private StopReason? ServeExit(KvmExit exit)
    {
        if (exit.Reason == AnsweredExit)
        {
            return null;
        }

        if (exit.Reason != KvmExitReason.Io
            || exit.Io is not { Direction: KvmIoDirection.Out, Size: sizeof(uint), Count: 1 } io)
        {
            return StopReason.Crash;
        }

        uint value = MemoryMarshal.Read<uint>(exit.IoData);
        return io.Port switch
        {
            MonitorPort.Call => (MonitorCall)value switch
            {
                MonitorCall.Mark => StopReason.Mark,
                MonitorCall.Exit => StopReason.Exit,
                _ => StopReason.Crash,
            },
            _ when Service is not null => Service.Serve(io.Port, value, this),
            MonitorPort.SystemCall => Refuse(value),
            MonitorPort.PageFault or MonitorPort.Nothing => null,
            _ => StopReason.Crash,
        };
    }

    /// <summary>A guest without a service has the system calls that its kernel answers, and no other.</summary>
    private StopReason? Refuse(uint registers)
    {
        Ram.Write(KernelLayout.Physical(registers) + PtRegs.Eax, -LinuxErrno.Enosys);
        return null;
    }

    /// <summary>Makes the machine ask its service whether something has come from outside. From any thread, while it runs.</summary>
    internal void Kick() => _deadline!.Arm(Now, KickInterval);

    /// <summary>From any thread. The timer's signal is the kernel's to keep: unlike one of tgkill's, no limit on queued signals can refuse it.</summary>
    private void Cancel()
    {
        Volatile.Write(ref _cancelled, true);
        Kick();
    }

    private CrashReport Autopsy(StopReason reason)
    {
        KvmMsrEntry[] ofSyscall = _image.InitialState.Efer.HasFlag(Efer.SyscallEnable)
            ? [new(Msr.Star), new(Msr.Lstar), new(Msr.Cstar), new(Msr.Fmask)]
            : [];
        KvmMsrEntry[] msrs = [new(Msr.SysenterCs), new(Msr.SysenterEsp), new(Msr.SysenterEip), .. ofSyscall];
        int read = _vcpu!.GetMsrs(msrs);
        VcpuSnapshot snapshot = new(_vcpu.GetRegs(), _vcpu.GetSregs(), msrs[..read]);
        return reason == StopReason.Deadline
            ? CrashReport.OfDeadline(_image, Ram, snapshot)
            : CrashReport.OfExit(_image, Ram, snapshot, _vcpu.Exit);
    }
}
