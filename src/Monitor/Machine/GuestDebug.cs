// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Iced.Intel;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Descriptors;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Native;
using Kvmsys.Native.Abi;

namespace Kvmsys.Monitor.Machine;

/// <summary>
/// A guest under KVM_SET_GUEST_DEBUG: single steps that lose no instruction on the way into the kernel and back, breakpoints, and the state
/// of a guest that stands still. To be used on the vCPU's thread, while <see cref="IDebugger.Stopped"/> or a service is called.
/// </summary>
/// <remarks>
/// KVM steps by setting the guest's own trap flag, and the CPU's rules for that flag are not those of a debugger: an entry through a gate
/// clears it, so that the step would end only behind the IRET, and saves it, so that the kernel would find it in the program's EFLAGS.
/// Therefore each entry of the kernel begins with an OUT while a step is made, which is the one instruction that leaves the guest on every
/// KVM, and the flag that was saved is put right there. PUSHF is put right as well. IRET, SYSEXIT and POPF have a breakpoint where they
/// lead, for a CPU that makes no trap of a step that changes the flag. KVM hides the flag while it steps; so the program's own is kept here,
/// and the exception that it asks for is injected. A STI has an OUT behind it, for a CPU that makes no trap of it. An INT3 that the debugger
/// has planted comes back as an exit, or, where KVM does not get to see it, as the exception that the guest's kernel reports; in the kernel
/// itself it is a HLT that is planted.
/// </remarks>
internal sealed class GuestDebug
{
    private const byte Int3 = 0xcc;
    private const byte Hlt = 0xf4;
    private const uint BreakpointVector = 3;

    // OUT of AL to a port that no guest uses.
    private const byte EntryPort = 0x4b;
    private const ushort OutAtEntry = 0xe6 | EntryPort << 8;
    private const int EntryBytes = 2;
    private const ulong TrapFlag = (ulong)Eflags.Trap;

    // Exceptions for which the CPU pushes an error code: #DF, #TS, #NP, #SS, #GP, #PF, #AC, #CP, #VC, #SX.
    private const uint PushesErrorCode = 1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 17 | 1u << 21 | 1u << 29 | 1u << 30;

    private readonly KvmVcpu _vcpu;
    private readonly GuestRam _ram;

    // The kernel's entries: the vector of a gate's handler, null for SYSENTER's. The kernel does not change them.
    private readonly Dictionary<uint, int?> _entries = [];

    // What the entries begin with, where an OUT is now. They stay from step to step, for to change code costs an emulator much.
    private readonly Dictionary<uint, ushort> _replaced = [];
    private readonly HashSet<uint> _breakpoints = [];
    private readonly HardwareBreakpoint?[] _registers = new HardwareBreakpoint?[HardwareBreakpoint.Count];
    private readonly List<(uint Physical, ushort Original, int Length)> _planted = [];

    private KvmRegs _regs;
    private KvmSregs _sregs;
    private bool _regsChanged;

    // The trap flag of the code that runs, which KVM_GET_REGS does not tell while KVM steps.
    private bool _ownTrap;
    private bool _wasStepping;
    private KvmGuestDebugControl _injection;

    // A breakpoint that the guest's kernel has reported: the guest is on its way back to it.
    private bool _isReturning;

    // The step that is being made.
    private Instruction? _instruction;
    private uint _pc;
    private uint? _target;
    private uint? _behind;
    private bool _trapAfter;

    /// <summary>Debugging of a vCPU whose state is set.</summary>
    /// <param name="vcpu">The vCPU.</param>
    /// <param name="ram">Its memory.</param>
    public GuestDebug(KvmVcpu vcpu, GuestRam ram)
    {
        _vcpu = vcpu;
        _ram = ram;
        Refresh();
        FindEntries();
    }

    /// <summary>What the guest does next.</summary>
    public DebugAction Action { get; set; } = DebugAction.Step;

    /// <summary>The general registers; the trap flag is the guest's own.</summary>
    public KvmRegs Regs
    {
        get => _regs with { Rflags = _ownTrap ? _regs.Rflags | TrapFlag : _regs.Rflags & ~TrapFlag };
        set
        {
            _ownTrap = (value.Rflags & TrapFlag) != 0;
            _regs = value;
            _regsChanged = true;
        }
    }

    /// <summary>The segment and control registers.</summary>
    public KvmSregs Sregs
    {
        get => _sregs;
        set
        {
            _vcpu.SetSregs(in value);
            _sregs = value;
        }
    }

    /// <summary>The ring of the code that comes next.</summary>
    public int Ring => _sregs.Cs.Selector & 3;

    /// <summary>The address of the next instruction; all segments of code begin at 0.</summary>
    public uint Pc => (uint)_regs.Rip;

    // A program may have a stack that does not begin at 0.
    private uint StackPointer => (uint)(_sregs.Ss.Base + _regs.Rsp);

    /// <summary>The next instruction; null when there is none that can be read.</summary>
    public Instruction? Next => Decode(Pc);

    /// <summary>Breakpoints in memory, by linear address. A page that is not there has none.</summary>
    public ISet<uint> Breakpoints => _breakpoints;

    /// <summary>The page tables, or null while paging is off.</summary>
    public PageTableRoot? PageTables => (_sregs.Cr0 & (ulong)Cr0.Paging) != 0 ? PageTableRoot.Of(_sregs.Cr3, (Efer)_sregs.Efer) : null;

    /// <summary>Puts a breakpoint into a free debug register.</summary>
    /// <returns>False when it is not possible, or none is free.</returns>
    public bool TryAdd(HardwareBreakpoint breakpoint)
    {
        int free = Array.IndexOf(_registers, null);
        if (Array.IndexOf(_registers, breakpoint) >= 0)
        {
            return true;
        }

        if (free < 0 || !breakpoint.IsPossible)
        {
            return false;
        }

        _registers[free] = breakpoint;
        return true;
    }

    /// <summary>Takes a breakpoint out of its debug register.</summary>
    public void Remove(HardwareBreakpoint breakpoint)
    {
        int index = Array.IndexOf(_registers, breakpoint);
        if (index >= 0)
        {
            _registers[index] = null;
        }
    }

    /// <summary>Reads what is mapped from a linear address on.</summary>
    /// <returns>How many bytes were read.</returns>
    public int Read(uint address, Span<byte> bytes)
    {
        int read = _ram.ReadLinear(PageTables, address, bytes);
        foreach ((uint entry, ushort original) in _replaced)
        {
            for (uint i = 0; i < EntryBytes; i++)
            {
                uint offset = entry + i - address;
                if (offset < read)
                {
                    bytes[(int)offset] = (byte)(original >> (8 * (int)i));
                }
            }
        }

        return read;
    }

    /// <summary>Gives the kernel its own code back, before it is changed or looked at by others.</summary>
    public void RestoreKernel()
    {
        foreach ((uint entry, ushort original) in _replaced)
        {
            if (PhysicalOf(entry) is uint physical)
            {
                _ram.Write(physical, original);
            }
        }

        _replaced.Clear();
    }

    // ---- For the machine's run loop ----

    /// <summary>Before KVM_RUN.</summary>
    internal void Prepare()
    {
        bool step = Action == DebugAction.Step || _isReturning;
        bool isTrapHidden = _wasStepping || _regsChanged;
        if (_regsChanged)
        {
            _vcpu.SetRegs(_regs with { Rflags = _regs.Rflags & ~TrapFlag });
            _regsChanged = false;
        }

        KvmGuestDebug debug = new() { Control = KvmGuestDebugControl.Enable | KvmGuestDebugControl.UseSwBp };
        for (int i = 0; i < _registers.Length; i++)
        {
            // One that is next would stop the step before it has begun.
            if (_registers[i] is HardwareBreakpoint breakpoint && !(step && breakpoint.Kind == HardwareBreakpointKind.Execute && breakpoint.Address == Pc))
            {
                debug.Control |= KvmGuestDebugControl.UseHwBp;
                debug.Arch.Debugreg[i] = breakpoint.Address;
                debug.Arch.Debugreg[7] |= breakpoint.ControlBits(i);
            }
        }

        _wasStepping = step;
        if (step)
        {
            debug.Control |= KvmGuestDebugControl.Singlestep | _injection;
            _vcpu.SetGuestDebug(in debug);
            Begin();
        }
        else
        {
            RestoreKernel();

            // The guest has its own trap flag back, which KVM takes away together with the one that it has set.
            if (isTrapHidden && _ownTrap)
            {
                _vcpu.SetGuestDebug(in debug);
                _vcpu.SetRegs(Regs);
            }

            debug.Control |= _injection;
            _vcpu.SetGuestDebug(in debug);
            Plant();
        }

        _injection = default;
    }

    /// <summary>After KVM_RUN: the program's memory is as it was.</summary>
    internal void Restore()
    {
        for (int i = _planted.Count - 1; i >= 0; i--)
        {
            (uint physical, ushort original, int length) = _planted[i];
            if (length == EntryBytes)
            {
                _ram.Write(physical, original);
            }
            else
            {
                _ram.Write(physical, (byte)original);
            }
        }

        _planted.Clear();
    }

    /// <summary>After KVM_RUN: reads the registers. Those that the vCPU has not got yet are newer than its own.</summary>
    internal void Refresh()
    {
        _sregs = _vcpu.GetSregs();
        if (_regsChanged)
        {
            return;
        }

        _regs = _vcpu.GetRegs();
        if (!_wasStepping)
        {
            _ownTrap = (_regs.Rflags & TrapFlag) != 0;
        }
    }

    /// <summary>Whether an exit is the debugger's, and not for the machine to serve; after <see cref="Refresh"/>.</summary>
    /// <param name="exit">The exit.</param>
    /// <param name="stop">The stop that it means; null when the guest only has to be run on.</param>
    internal bool TryExamine(KvmExit exit, out DebugStop? stop)
    {
        stop = null;
        if (exit.Reason == KvmExitReason.Debug)
        {
            ref readonly KvmDebugExitArch debug = ref exit.Debug;
            stop = Told(debug.Exception == BreakpointVector ? ExamineBreakpoint((uint)debug.Pc) : ExamineDebug(debug.Dr6));
            return true;
        }

        if (exit.Reason == KvmExitReason.Hlt && (_breakpoints.Contains(Pc - 1) || (_wasStepping && _target == Pc - 1)))
        {
            _regs.Rip = Pc - 1;
            _regsChanged = true;
            stop = Told(ExamineBreakpoint(Pc));
            return true;
        }

        if (exit.Reason != KvmExitReason.Io || exit.Io is not { Direction: KvmIoDirection.Out, Count: 1 } io)
        {
            return false;
        }

        switch (io)
        {
            case { Port: EntryPort, Size: sizeof(byte) } when ExamineEntry() is DebugStop entry:
                stop = Told(entry);
                return true;
            case { Port: MonitorPort.Fault, Size: sizeof(uint) } when TakeBreakpoint(MemoryMarshal.Read<uint>(exit.IoData)):
                _isReturning = true;
                return true;
            default:
                return false;
        }
    }

    /// <summary>
    /// After an exit of the guest's to its monitor, which has been served: whether a step is complete by it. Most KVMs complete it only when
    /// the guest is run again, and it stops again then.
    /// </summary>
    internal DebugStop? Served()
    {
        Refresh();
        if (!_wasStepping || Pc == _pc)
        {
            return null;
        }

        Complete();
        return Told(new DebugStop(DebugStopKind.Step));
    }

    /// <summary>Debugs no more.</summary>
    internal void Detach()
    {
        Action = DebugAction.Run;
        _isReturning = false;
        _breakpoints.Clear();
        Array.Clear(_registers);
        Prepare();
        _vcpu.SetGuestDebug(default);
    }

    // ---- ----

    /// <summary>A stop as it is told: on the way back to a breakpoint, only the arrival is one.</summary>
    private DebugStop? Told(DebugStop? stop)
    {
        if (!_isReturning || stop is not DebugStop found)
        {
            return stop;
        }

        _isReturning = found.Kind == DebugStopKind.Step && Ring == 0;
        return _isReturning ? null : found.Kind == DebugStopKind.Step ? new(DebugStopKind.Breakpoint) : found;
    }

    /// <summary>The OUT that begins an entry of the kernel.</summary>
    private DebugStop? ExamineEntry()
    {
        // On an OUT the RIP is settled only when KVM_RUN is entered again; it may or may not be behind it already.
        uint entry = IsOurs(Pc) ? Pc : Pc - EntryBytes;
        if (!_wasStepping || !IsOurs(entry))
        {
            return null;
        }

        int? vector = entry == _behind ? null : _entries[entry];

        _vcpu.RunPage.ImmediateExit = true;
        _vcpu.Run();
        _vcpu.RunPage.ImmediateExit = false;
        Refresh();
        _regs.Rip = entry;
        _regsChanged = true;
        if (vector is int gate)
        {
            EnterGate(gate);
        }
        else
        {
            Complete();
        }

        return new(DebugStopKind.Step, vector);

        bool IsOurs(uint address) => address == _behind || _replaced.ContainsKey(address);
    }

    /// <summary>An exception that the guest's kernel reports: an INT3 of ours, which KVM did not get to see. The program is to execute what was there.</summary>
    private bool TakeBreakpoint(uint frame)
    {
        if (ReadWord(frame + FaultFrame.Vector) != BreakpointVector
            || ReadWord(frame + FaultFrame.Cs) is not uint cs || (cs & 3) == 0
            || ReadWord(frame + FaultFrame.Eip) is not uint eip || !_breakpoints.Contains(eip - 1)
            || PhysicalOf(frame + FaultFrame.Eip) is not uint place)
        {
            return false;
        }

        // One that the program itself has there stays the program's.
        byte[] code = new byte[1];
        if (Read(eip - 1, code) != 1 || code[0] == Int3)
        {
            return false;
        }

        _ram.Write(place, eip - 1);
        return true;
    }

    private DebugStop? ExamineBreakpoint(uint pc)
    {
        // In the middle of a step: behind IRET, SYSEXIT, POPF or a load of SS, where the CPU has made no trap of it.
        bool stepped = _wasStepping && pc != _pc;
        if (stepped)
        {
            Complete();
        }

        if (_breakpoints.Contains(pc))
        {
            return new(DebugStopKind.Breakpoint);
        }

        if (stepped && pc == _target)
        {
            return new(DebugStopKind.Step);
        }

        _injection = KvmGuestDebugControl.InjectBp;
        return null;
    }

    private DebugStop? ExamineDebug(ulong dr6)
    {
        if (_wasStepping)
        {
            Complete();
        }

        for (int i = 0; i < _registers.Length; i++)
        {
            if ((dr6 >> i & 1) != 0 && _registers[i] is HardwareBreakpoint hit)
            {
                return hit.Kind == HardwareBreakpointKind.Execute
                    ? new(DebugStopKind.HardwareBreakpoint)
                    : new(DebugStopKind.Watchpoint, null, hit.Address, hit.Kind == HardwareBreakpointKind.Access);
            }
        }

        if (_wasStepping)
        {
            return new(DebugStopKind.Step);
        }

        _injection = KvmGuestDebugControl.InjectDb;
        return null;
    }

    /// <summary>Looks at the instruction that is next, while the program's memory is its own, and plants the breakpoints of a step.</summary>
    private void Begin()
    {
        _pc = Pc;
        _instruction = Decode(_pc);
        _trapAfter = _ownTrap;
        _target = null;
        _behind = null;
        switch (_instruction?.Mnemonic)
        {
            case Mnemonic.Iretd:
                _target = TargetOf(ReadWord(StackPointer), ReadWord(StackPointer + sizeof(uint)));
                _trapAfter = HasTrapFlag(StackPointer + (2 * sizeof(uint)));
                break;
            case Mnemonic.Iret:
                uint? word = ReadWord(StackPointer);
                _target = TargetOf((ushort?)word, word >> 16);
                _trapAfter = HasTrapFlag(StackPointer + (2 * sizeof(ushort)));
                break;
            case Mnemonic.Sysexit:
                _target = TargetOf((uint)_regs.Rdx, Selector.UserCode);
                break;
            case Mnemonic.Popfd or Mnemonic.Popf:
                _target = _pc + (uint)_instruction.Value.Length;
                _trapAfter = HasTrapFlag(StackPointer);
                break;
            case Mnemonic.Sti when Ring == 0:
                _behind = _pc + (uint)_instruction.Value.Length;
                break;
            default:
                break;
        }

        Plant();
        foreach (uint entry in _entries.Keys)
        {
            PlantEntry(entry);
        }

        if (_behind is uint behind && PhysicalOf(behind) is uint place)
        {
            _planted.Add((place, _ram.Read<ushort>(place), EntryBytes));
            _ram.Write(place, OutAtEntry);
        }

        if (_target is uint target)
        {
            Plant(target);
        }
    }

    /// <summary>The step has executed its instruction to the end.</summary>
    private void Complete()
    {
        if (_instruction?.Mnemonic is Mnemonic.Pushfd or Mnemonic.Pushf)
        {
            PutTrapFlag(StackPointer, _ownTrap);
        }

        // The CPU looks at the flag before the instruction that changes it; INT1 raises the exception by itself.
        if (_ownTrap || _instruction?.Mnemonic == Mnemonic.Int1)
        {
            _injection = KvmGuestDebugControl.InjectDb;
        }

        _ownTrap = _trapAfter;
    }

    /// <summary>An exception, or INT: what the CPU has saved has KVM's flag in it.</summary>
    private void EnterGate(int vector)
    {
        const uint flagsInFrame = 2 * sizeof(uint);
        bool hasErrorCode = vector < 32 && (PushesErrorCode >> vector & 1) != 0;
        PutTrapFlag(StackPointer + flagsInFrame + (hasErrorCode ? (uint)sizeof(uint) : 0), _ownTrap);
        _ownTrap = false;
    }

    private void Plant()
    {
        foreach (uint breakpoint in _breakpoints)
        {
            // A step stops at each of the kernel's instructions by itself, and has an OUT where some are.
            if (!_wasStepping || !IsKernels(breakpoint))
            {
                Plant(breakpoint);
            }
        }
    }

    private void Plant(uint address)
    {
        bool isNext = _wasStepping && address == _pc;
        if (!isNext && PhysicalOf(address) is uint physical && _ram.Read<byte>(physical) is byte original and not Int3)
        {
            // A kernel that has to report an INT3 could not report those on the way to its report. HLT is an exit on every KVM.
            _planted.Add((physical, original, sizeof(byte)));
            _ram.Write(physical, IsKernels(address) ? Hlt : Int3);
        }
    }

    private void PlantEntry(uint entry)
    {
        // Not over the instruction that is next, which may be the entry's second byte. Ring 3 has none there.
        bool isFree = Ring != 0 || _pc - entry >= EntryBytes;
        bool isThere = _replaced.TryGetValue(entry, out ushort original);
        if (isFree == isThere || PhysicalOf(entry) is not uint physical)
        {
            return;
        }

        if (isFree)
        {
            _replaced[entry] = _ram.Read<ushort>(physical);
            _ram.Write(physical, OutAtEntry);
        }
        else
        {
            _replaced.Remove(entry);
            _ram.Write(physical, original);
        }
    }

    private void FindEntries()
    {
        byte[] idt = new byte[_sregs.Idt.Limit + 1];
        int length = Read((uint)_sregs.Idt.Base, idt);
        ReadOnlySpan<ulong> gates = MemoryMarshal.Cast<byte, ulong>(idt.AsSpan(0, length));
        for (int vector = 0; vector < gates.Length; vector++)
        {
            GateDescriptor gate = new(gates[vector]);
            if (gate.Present && gate.Type != GateType.Task)
            {
                _entries.TryAdd(gate.Offset, vector);
            }
        }

        KvmMsrEntry[] msrs = [new(Msr.SysenterEip)];
        if (_vcpu.GetMsrs(msrs) == msrs.Length)
        {
            _entries.TryAdd((uint)msrs[0].Data, null);
        }
    }

    private Instruction? Decode(uint address)
    {
        byte[] bytes = new byte[Disassembly.MaxInstructionBytes];
        int length = Read(address, bytes);
        return Disassembly.DecodeOne(bytes.AsMemory(0, length), address, bitness: 32);
    }

    private uint? ReadWord(uint address)
    {
        byte[] word = new byte[sizeof(uint)];
        return Read(address, word) == word.Length ? BinaryPrimitives.ReadUInt32LittleEndian(word) : null;
    }

    /// <summary>Where a return leads; null where only an exception can come of it: no code of ring 3 runs on a page of the kernel's.</summary>
    private uint? TargetOf(uint? address, uint? codeSegment) =>
        address is uint target && codeSegment is uint selector
        && ((Ring == 0 && (selector & 3) == 0) || Walk(target) is { UserAccessible: true })
            ? target
            : null;

    // The flag is in the second byte, which PUSHF of 16 bits and a frame across two pages have as well.
    private bool HasTrapFlag(uint flags) =>
        OperandOf(flags + 1, write: false) is uint physical && (_ram.Read<byte>(physical) & (byte)(TrapFlag >> 8)) != 0;

    private void PutTrapFlag(uint flags, bool value)
    {
        const byte bit = (byte)(TrapFlag >> 8);
        if (OperandOf(flags + 1, write: true) is uint physical)
        {
            byte old = _ram.Read<byte>(physical);
            _ram.Write(physical, value ? (byte)(old | bit) : (byte)(old & ~bit));
        }
    }

    private bool IsKernels(uint address) => Walk(address) is { UserAccessible: false };

    /// <summary>Where an operand of the code that runs lies; null where it has none, for a program's stack may be anywhere.</summary>
    private uint? OperandOf(uint address, bool write) =>
        Ring == 0 || (Walk(address) is { UserAccessible: true } walk && (walk.Writable || !write)) ? PhysicalOf(address) : null;

    private uint? PhysicalOf(uint address) =>
        (Walk(address) is PageWalk walk ? walk.PhysicalAddress : address) is uint physical && physical < _ram.Mapping.Length ? physical : null;

    private PageWalk? Walk(uint address) => PageTables is PageTableRoot tables ? PageWalk.Walk(_ram, tables, address) : null;
}
