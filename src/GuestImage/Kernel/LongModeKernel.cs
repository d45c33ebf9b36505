// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Assembly;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Descriptors;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Programs;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Guest.Kernel;

/// <summary>
/// A 64-bit kernel in memory, which runs 64-bit programs, and 32-bit ones in compatibility mode. Its entries do nothing but what the hardware
/// needs to come back, and one <see cref="Mitigation"/> if wanted: they answer getpid whatever is asked.
/// </summary>
/// <remarks>
/// It lies at the addresses of <see cref="KernelLayout"/>, below 4 GiB, and not in the upper half of the address space as Linux does. That costs
/// an entry nothing and saves it nothing: the gates, RSP0, LSTAR and the page tables have the same size and the same number of levels for every
/// canonical address, and the kernel's pages are out of ring 3's reach by the same bit.
/// </remarks>
internal sealed class LongModeKernel
{
    /// <summary>Symbol of SYSCALL's handler for 64-bit mode, under Linux's name.</summary>
    public const string SyscallEntry = "entry_SYSCALL_64";

    /// <summary>Symbol of SYSCALL's handler for compatibility mode, under Linux's name.</summary>
    public const string CompatSyscallEntry = "entry_SYSCALL_compat";

    /// <summary>Symbol of INT 0x80's handler, under Linux's name.</summary>
    public const string Int80Entry = "entry_INT80_compat";

    /// <summary>Symbol of SYSENTER's handler, under Linux's name.</summary>
    public const string SysenterEntry = "entry_SYSENTER_compat";

    // RSP0, with no reason to leave anything at its top.
    private const uint KernelStack = KernelLayout.ThreadUnion + KernelLayout.ThreadSize;

    private const uint TextCapacity = KernelLayout.SyscallTable - KernelLayout.Text;

    // What Linux's syscall_init has cleared since 3.17; since 5.16 it clears the arithmetic flags, RF and ID as well.
    private const Eflags SyscallMask = Eflags.Trap | Eflags.InterruptEnable | Eflags.Direction | Eflags.IoPrivilegeLevel | Eflags.NestedTask
        | Eflags.AlignmentCheck;

    private readonly byte[] _bytes = new byte[KernelLayout.End - KernelLayout.Start];
    private readonly Gdt _gdt = Gdt.LongMode(KernelLayout.Tss);
    private readonly TextSection _text = new(KernelLayout.Text, TextCapacity, bitness: 64);
    private readonly TextSection[] _fred = [];

    /// <summary>A kernel that starts one program.</summary>
    /// <param name="program">The program.</param>
    /// <param name="pid">What every system call answers.</param>
    /// <param name="entryOffset">Where in its cache line each entry starts.</param>
    /// <param name="mitigation">What each entry does beyond that.</param>
    /// <param name="fred">Whether events come by <see cref="FredEntry"/>.</param>
    /// <param name="pml4">CR3.</param>
    public LongModeKernel(GuestProgram program, uint pid, int entryOffset, MitigationCode mitigation, bool fred, uint pml4)
    {
        EmitEntries(pid, entryOffset, mitigation, program.Halts);
        LongModeExceptionStubs.Emit(_text);
        uint monitorCall = _text.Add("monitor_call", EmitMonitorCall);
        uint start = _text.Add("start", code => EmitStart(code, program, fred));

        Idt idt = new(longMode: true);
        LongModeExceptionStubs.SetGates(idt, _text);
        if (program.SkippedException is int skipped && !fred)
        {
            uint handler = _text.Add(BareEntry.SkipException, code => EmitSkipException(code, pid, skipped), entryOffset);
            idt[skipped] = GateDescriptor.To(GateType.Interrupt, dpl: 0, LongModeSelector.KernelCode, handler);
        }

        idt[I386Kernel.SyscallVector] = ProgramsGate(_text.AddressOf(Int80Entry));
        idt[I386Kernel.MonitorVector] = ProgramsGate(monitorCall);

        if (fred)
        {
            uint report = _text.AddressOf(LongModeExceptionStubs.Report);
            _fred = [FredEntry.EmitUser(program, pid, report), FredEntry.EmitKernel(report)];
        }

        foreach (TextSection text in _fred.Prepend(_text))
        {
            Place(text.Address, text.ToArray());
        }

        Place(KernelLayout.Gdt, _gdt.ToArray());
        Place(KernelLayout.Idt, idt.ToArray());
        Place(KernelLayout.Tss, LongModeTss.Of(KernelStack, KernelLayout.DoubleFaultStackTop));
        CpuState state = StateAt(start, pml4, mitigation.Cr4);
        InitialState = fred ? WithFred(state) : state;
    }

    /// <summary>The kernel's bytes and where they lie.</summary>
    public PhysicalRange Range => new(KernelLayout.Physical(KernelLayout.Start), _bytes);

    /// <summary>Names of routines and tables.</summary>
    public IEnumerable<Symbol> Symbols =>
    [
        .. _text.Symbols,
        .. _fred.SelectMany(text => text.Symbols),
        new(KernelLayout.Gdt, "gdt_page"),
        new(KernelLayout.Idt, "idt_table"),
        new(KernelLayout.Tss, "cpu_tss_rw"),
        new(KernelLayout.ThreadUnion, "init_stack"),
    ];

    /// <summary>The CPU's state before the first instruction.</summary>
    public CpuState InitialState { get; }

    private static GateDescriptor ProgramsGate(uint handler) => GateDescriptor.To(GateType.Interrupt, dpl: 3, LongModeSelector.KernelCode, handler);

    /// <summary>
    /// The way back is the one that belongs to the way in. SYSEXIT takes RIP from EDX and RSP from ECX, in which the program has passed them; SYSRET
    /// takes RIP from RCX and RFLAGS from R11, where SYSCALL has left them. With 32-bit operands both go to compatibility mode.
    /// </summary>
    private void EmitEntries(uint pid, int offset, MitigationCode mitigation, bool halts)
    {
        (string Name, Action<CodeUnit> Return)[] entries =
        [
            (SyscallEntry, code => code.Asm.sysretq()),
            (CompatSyscallEntry, code => code.Asm.sysret()),
            (Int80Entry, code =>
            {
                if (halts)
                {
                    code.Asm.hlt();
                }

                code.Asm.iretq();
            }),
            (SysenterEntry, code => code.Asm.sysexit()),
        ];
        foreach ((string name, Action<CodeUnit> emitReturn) in entries)
        {
            _text.Add(
                name,
                code =>
                {
                    mitigation.EmitEntry(code);
                    mitigation.EmitExit(code);
                    code.Asm.mov(eax, pid);
                    emitReturn(code);
                    mitigation.EmitData(code);
                },
                offset);
        }
    }

    /// <summary>The handler of an exception that a program raises on purpose: it goes on behind the instruction.</summary>
    private static void EmitSkipException(CodeUnit code, uint pid, int vector)
    {
        if (vector == ExceptionStubs.PageFault)
        {
            code.Asm.add(rsp, sizeof(ulong));
        }

        code.Asm.mov(eax, pid);
        code.Asm.add(__qword_ptr[rsp], BareEntry.SkippedBytes);
        code.Asm.iretq();
    }

    /// <summary>From ring 3 EAX goes to the monitor's port, which ring 3 itself may not use.</summary>
    private static void EmitMonitorCall(CodeUnit code)
    {
        code.Asm.push(rdx);
        code.Asm.mov(edx, MonitorPort.Call);
        code.Asm.@out(dx, eax);
        code.Asm.pop(rdx);
        code.Asm.iretq();
    }

    /// <summary>Goes to the program in ring 3 by IRET, as <see cref="I386Kernel"/> does; with FRED by ERETU, for IRET then leaves no ring.</summary>
    private static void EmitStart(CodeUnit code, GuestProgram program, bool fred)
    {
        // TR is loaded already: VT-x needs that. QEMU's software CPU enters ring 0 only by a task register that LTR has loaded.
        code.Asm.mov(eax, LongModeSelector.Tss);
        code.Asm.ltr(ax);

        // Every page of the kernel is touched once, so that KVM has mapped it before it is needed in the middle of an exception.
        code.Asm.mov(ecx, KernelLayout.Start);
        code.Define("touch_kernel_page");
        code.Asm.mov(eax, __dword_ptr[rcx]);
        code.Asm.add(ecx, PageTableBuilder.PageSize);
        code.Asm.cmp(ecx, KernelLayout.End);
        code.Asm.jb(code["touch_kernel_page"]);

        // PUSH has no immediate of 32 bits that it does not extend by its sign.
        Eflags flags = Eflags.Fixed | Eflags.InterruptEnable | (program.UsesPorts ? Eflags.IoPrivilegeLevel : Eflags.None);
        uint codeSegment = program.Bitness == 64 ? LongModeSelector.UserCode64 : LongModeSelector.UserCode32;
        foreach (uint value in (uint[])
            [LongModeSelector.UserData, program.StackPointer, (uint)flags, codeSegment, program.Entry])
        {
            code.Asm.mov(eax, value);
            code.Asm.push(rax);
        }

        code.Asm.xor(eax, eax);
        code.Asm.xor(ecx, ecx);
        if (fred)
        {
            // In place of an error code.
            code.Asm.push(0);
            code.Asm.eretu();
        }
        else
        {
            code.Asm.iretq();
        }
    }

    private CpuState StateAt(uint start, uint pml4, Cr4 cr4)
    {
        SegmentRegister userData = _gdt.LoadSegment(LongModeSelector.UserData);
        SegmentRegister unusable = new() { Unusable = true };
        return new CpuState
        {
            Cs = _gdt.LoadSegment(LongModeSelector.KernelCode),
            Ss = _gdt.LoadSegment(LongModeSelector.KernelData),
            Ds = userData,
            Es = userData,
            Fs = unusable,
            Gs = unusable,
            Tr = _gdt.LoadTask(LongModeSelector.Tss),
            Ldtr = unusable,
            Gdtr = new(KernelLayout.Gdt, Gdt.Size - 1),
            Idtr = new(KernelLayout.Idt, Idt.LongModeSize - 1),
            Cr0 = Cr0.ProtectionEnable | Cr0.MonitorCoprocessor | Cr0.ExtensionType | Cr0.NumericError | Cr0.WriteProtect | Cr0.AlignmentMask
                | Cr0.Paging,
            Cr3 = pml4,
            Cr4 = Cr4.PhysicalAddressExtension | Cr4.OsFxsr | Cr4.OsXmmExcpt | cr4,
            Efer = Efer.LongModeEnable | Efer.LongModeActive | Efer.SyscallEnable,
            Eip = start,
            Esp = KernelStack,
            Msrs =
            [
                new(Msr.SysenterCs, LongModeSelector.KernelCode),
                new(Msr.SysenterEsp, KernelStack),
                new(Msr.SysenterEip, _text.AddressOf(SysenterEntry)),
                new(Msr.Star, ((ulong)LongModeSelector.UserCode32 << 48) | ((ulong)LongModeSelector.KernelCode << 32)),
                new(Msr.Lstar, _text.AddressOf(SyscallEntry)),
                new(Msr.Cstar, _text.AddressOf(CompatSyscallEntry)),
                new(Msr.Fmask, (ulong)SyscallMask),
            ],
        };
    }

    private static CpuState WithFred(CpuState state) => state with
    {
        Cr4 = state.Cr4 | Cr4.Fred,
        Msrs =
        [
            .. state.Msrs,
            new(Msr.FredRsp0, KernelStack),

            // No event changes the stack within ring 0, nor is anything left free below it: both zero.
            new(Msr.FredStackLevels, 0),
            new(Msr.FredConfig, KernelLayout.FredEntries),
        ],
    };

    private void Place(uint address, ReadOnlySpan<byte> bytes) => bytes.CopyTo(_bytes.AsSpan((int)(address - KernelLayout.Start)));
}
