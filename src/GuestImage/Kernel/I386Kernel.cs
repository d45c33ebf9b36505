// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Kvmsys.Guest.Assembly;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Descriptors;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Programs;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Guest.Kernel;

/// <summary>A 32-bit kernel in memory: code, tables and stacks at the addresses of <see cref="KernelLayout"/>, and the state in which it starts.</summary>
internal sealed class I386Kernel
{
    /// <summary>Symbol of INT 0x80's handler, under Linux's name.</summary>
    public const string Int80Entry = "system_call";

    /// <summary>Symbol of SYSENTER's handler, under Linux's name.</summary>
    public const string SysenterEntry = "sysenter_entry";

    /// <summary>Symbol of the bare kernel's SYSENTER handler for callers that pass EDX and ECX.</summary>
    public const string SysenterEntryByRegisters = "sysenter_entry_by_registers";

    /// <summary>Symbol of the bare kernel's routine behind the call gate.</summary>
    public const string CallGateEntry = "call_gate_entry";

    /// <summary>Symbol of the bare kernel's SYSCALL handler.</summary>
    public const string SyscallEntry = "syscall_entry";

    /// <summary>The vector of Linux's system calls.</summary>
    public const int SyscallVector = 0x80;

    /// <summary>The vector by which a program in ring 3 makes a <see cref="MonitorCall"/>; Linux has none there.</summary>
    public const int MonitorVector = 0x81;

    private const uint TextCapacity = KernelLayout.SyscallTable - KernelLayout.Text;

    private readonly byte[] _bytes = new byte[KernelLayout.End - KernelLayout.Start];
    private readonly Gdt _gdt = new(KernelLayout.Tss, KernelLayout.DoubleFaultTss);
    private readonly TextSection _text = new(KernelLayout.Text, TextCapacity);

    /// <summary>A kernel that starts one program.</summary>
    /// <param name="profile">How much it does on each entry.</param>
    /// <param name="program">The program; only the bare kernel can do with SYSENTER's return address in registers.</param>
    /// <param name="task">What getpid and its like answer.</param>
    /// <param name="pageDirectory">CR3.</param>
    /// <param name="entryOffset">Where in its cache line each entry starts, 0 to 63.</param>
    public I386Kernel(KernelProfile profile, GuestProgram program, TaskIdentity task, uint pageDirectory, int entryOffset)
    {
        Idt idt = new();
        MonitorCode.Emit(_text);
        List<(string Instruction, string Fixup)> exceptions = [.. ExceptionStubs.Exceptions];
        if (profile == KernelProfile.Bare)
        {
            BareEntry.Emit(_text, task.Pid, entryOffset);
            _gdt.SetGate(Selector.CallGate, GateDescriptor.To(GateType.Call, dpl: 3, Selector.KernelCode, _text.AddressOf(CallGateEntry)));
        }
        else
        {
            Linux26Entry.EmitInt80(_text, entryOffset);
            Linux26Entry.EmitSysenter(_text, entryOffset);
            Place(KernelLayout.SyscallTable, Linux26Entry.EmitSyscalls(_text));
            exceptions.AddRange(Linux26Entry.Exceptions);
        }

        ExceptionStubs.Emit(_text);
        uint start = _text.Add("start", code => EmitStart(code, program));

        ExceptionStubs.SetGates(idt, _text);
        if (program.SkippedException is int skipped)
        {
            uint handler = BareEntry.EmitSkipException(_text, task.Pid, skipped, entryOffset);
            idt[skipped] = GateDescriptor.To(GateType.Interrupt, dpl: 0, Selector.KernelCode, handler);
        }

        idt[SyscallVector] = GateDescriptor.To(GateType.Trap, dpl: 3, Selector.KernelCode, _text.AddressOf(Int80Entry));
        if (program.MakesMonitorCalls)
        {
            idt[MonitorVector] = GateDescriptor.To(GateType.Trap, dpl: 3, Selector.KernelCode, _text.Add("monitor_call", EmitMonitorCall));
        }

        Place(KernelLayout.Text, _text.ToArray());
        Place(KernelLayout.ExceptionTable, [.. exceptions.SelectMany(entry => new[] { _text.AddressOf(entry.Instruction), _text.AddressOf(entry.Fixup) })]);
        Place(KernelLayout.TaskStruct + TaskStruct.Tgid, task.Pid, task.ParentPid, task.Uid, task.Gid);
        Place(KernelLayout.Gdt, _gdt.ToArray());
        Place(KernelLayout.Idt, idt.ToArray());
        Place(KernelLayout.Tss, Tss.Running(KernelLayout.Tss, KernelLayout.KernelStack));
        Place(
            KernelLayout.DoubleFaultTss,
            Tss.Ready(pageDirectory, _text.AddressOf("double_fault"), KernelLayout.DoubleFaultStackTop));
        Place(KernelLayout.ThreadUnion + ThreadInfo.Task, KernelLayout.TaskStruct);

        InitialState = StateAt(start, pageDirectory, _text.AddressOf(program.SysenterByRegisters ? SysenterEntryByRegisters : SysenterEntry));
        if (program.NeedsSyscall)
        {
            // In legacy mode STAR's low half is where SYSCALL goes (APM Vol. 2, 6.1.1).
            ulong star = ((ulong)Selector.UserCode << 48) | ((ulong)Selector.KernelCode << 32) | _text.AddressOf(SyscallEntry);
            InitialState = InitialState with { Efer = Efer.SyscallEnable, Msrs = [.. InitialState.Msrs, new(Msr.Star, star)] };
        }
    }

    /// <summary>The kernel's bytes and where they lie.</summary>
    public PhysicalRange Range => new(KernelLayout.Physical(KernelLayout.Start), _bytes);

    /// <summary>Names of routines and tables.</summary>
    public IEnumerable<Symbol> Symbols =>
    [
        .. _text.Symbols,
        new(KernelLayout.SyscallTable, "sys_call_table"),
        new(KernelLayout.ExceptionTable, "ex_table"),
        new(KernelLayout.TaskStruct, "task"),
        new(KernelLayout.Gdt, "gdt_table"),
        new(KernelLayout.Idt, "idt_table"),
        new(KernelLayout.Tss, "init_tss"),
        new(KernelLayout.DoubleFaultTss, "doublefault_tss"),
        new(KernelLayout.ThreadUnion, "init_thread_union"),
    ];

    /// <summary>The CPU's state before the first instruction.</summary>
    public CpuState InitialState { get; }

    /// <summary>From ring 3 EAX goes to the monitor's port, which ring 3 itself may not use.</summary>
    private static void EmitMonitorCall(CodeUnit code)
    {
        code.Asm.push(edx);
        code.Asm.mov(edx, MonitorPort.Call);
        code.Asm.@out(dx, eax);
        code.Asm.pop(edx);
        code.Asm.iretd();
    }

    /// <summary>Goes to the program in ring 3 by IRET, as a kernel starts its first program.</summary>
    private static void EmitStart(CodeUnit code, GuestProgram program)
    {
        // TR is loaded already: VT-x needs that. QEMU's software CPU enters ring 0 only by a task register that LTR has loaded.
        code.Asm.mov(eax, Selector.Tss);
        code.Asm.ltr(ax);

        // Every page of the kernel is touched once, so that KVM has mapped it before it is needed in the middle of an exception.
        code.Asm.mov(ecx, KernelLayout.Start);
        code.Define("touch_kernel_page");
        code.Asm.mov(eax, __dword_ptr[ecx]);
        code.Asm.add(ecx, PageTableBuilder.PageSize);
        code.Asm.cmp(ecx, KernelLayout.End);
        code.Asm.jb(code["touch_kernel_page"]);

        code.Asm.push(Selector.UserData);
        code.Asm.push(program.StackPointer);
        code.Asm.push((uint)(Eflags.Fixed | Eflags.InterruptEnable));
        code.Asm.push(Selector.UserCode);
        code.Asm.push(program.Entry);
        code.Asm.xor(eax, eax);
        code.Asm.xor(ecx, ecx);
        code.Asm.iretd();
    }

    private CpuState StateAt(uint start, uint pageDirectory, uint sysenterEntry)
    {
        SegmentRegister userData = _gdt.LoadSegment(Selector.UserData);
        SegmentRegister unusable = new() { Unusable = true };
        return new CpuState
        {
            Cs = _gdt.LoadSegment(Selector.KernelCode),
            Ss = _gdt.LoadSegment(Selector.KernelData),
            Ds = userData,
            Es = userData,
            Fs = unusable,
            Gs = unusable,
            Tr = _gdt.LoadTask(Selector.Tss),
            Ldtr = unusable,
            Gdtr = new(KernelLayout.Gdt, Gdt.Size - 1),
            Idtr = new(KernelLayout.Idt, Idt.Size - 1),
            Cr0 = Cr0.ProtectionEnable | Cr0.MonitorCoprocessor | Cr0.ExtensionType | Cr0.NumericError | Cr0.WriteProtect | Cr0.AlignmentMask
                | Cr0.Paging,
            Cr3 = pageDirectory,
            Cr4 = Cr4.PageSizeExtensions | Cr4.OsFxsr | Cr4.OsXmmExcpt,
            Eip = start,
            Esp = KernelLayout.KernelStack,
            Msrs =
            [
                new(Msr.SysenterCs, Selector.KernelCode),
                new(Msr.SysenterEsp, KernelLayout.Tss + Tss.Size),
                new(Msr.SysenterEip, sysenterEntry),
            ],
        };
    }

    private void Place(uint address, ReadOnlySpan<byte> bytes) => bytes.CopyTo(_bytes.AsSpan((int)(address - KernelLayout.Start)));

    private void Place(uint address, params ReadOnlySpan<uint> words)
    {
        Span<byte> target = _bytes.AsSpan((int)(address - KernelLayout.Start));
        for (int i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(target[(i * sizeof(uint))..], words[i]);
        }
    }
}
