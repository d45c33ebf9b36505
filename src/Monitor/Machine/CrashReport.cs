// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Iced.Intel;
using Kvmsys.Guest;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Descriptors;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Native;
using Kvmsys.Native.Abi;

namespace Kvmsys.Monitor.Machine;

/// <summary>Why a guest cannot go on and where it was: one line that names the cause, then everything that the exit, the registers and the memory tell.</summary>
public sealed class CrashReport
{
    private readonly GuestImage _image;
    private readonly GuestRam _ram;
    private readonly VcpuSnapshot _vcpu;
    private readonly Disassembly _disassembly;
    private readonly List<string> _details = [];
    private readonly List<PageWalk> _walks = [];

    // 32 or 64: in which mode the interrupted code ran.
    private int _bitness;

    private CrashReport(GuestImage image, GuestRam ram, VcpuSnapshot vcpu)
    {
        _image = image;
        _ram = ram;
        _vcpu = vcpu;
        _disassembly = new Disassembly(image.Symbols);
        Context = GuestContext.Of(vcpu.Regs, vcpu.Sregs);
    }

    /// <summary>The cause in one line.</summary>
    public string Headline { get; private set; } = "";

    /// <summary>What more there is to say about the cause, a line each.</summary>
    public IReadOnlyList<string> Details => _details;

    /// <summary>The registers of the code that was interrupted.</summary>
    public GuestContext Context
    {
        get;
        private set
        {
            field = value;
            _bitness = BitnessOf(value.Cs);
        }
    }

    /// <summary>The page walks that matter: of the address that faulted, of the instruction where it is not mapped.</summary>
    public IReadOnlyList<PageWalk> Walks => _walks;

    /// <summary>The code around the instruction.</summary>
    public IReadOnlyList<string> Code { get; private set; } = [];

    private bool IsLongMode => ((Efer)_vcpu.Sregs.Efer).HasFlag(Efer.LongModeActive);

    /// <summary>Where the guest was when its time was over.</summary>
    internal static CrashReport OfDeadline(GuestImage image, GuestRam ram, VcpuSnapshot vcpu)
    {
        CrashReport report = new(image, ram, vcpu);
        report.Headline = $"The guest's time was over in ring {report.Context.Ring} at {report.Name(report.Context.Eip)}";
        return report.Finish();
    }

    /// <summary>Why the guest exited.</summary>
    internal static CrashReport OfExit(GuestImage image, GuestRam ram, VcpuSnapshot vcpu, KvmExit exit)
    {
        CrashReport report = new(image, ram, vcpu);
        switch (exit.Reason)
        {
            case KvmExitReason.Io:
                report.DescribeIo(exit);
                break;
            case KvmExitReason.Shutdown:
                report.DescribeShutdown();
                break;
            case KvmExitReason.FailEntry:
                report.DescribeFailEntry(exit.FailEntry);
                break;
            case KvmExitReason.InternalError:
                report.DescribeInternalError(exit);
                break;
            case KvmExitReason.Mmio:
                report.DescribeMmio(exit);
                break;
            default:
                report.Headline = $"KVM_EXIT_{exit.Reason} at {report.Name(report.Context.Eip)}, which this monitor does not expect";
                report._details.Add($"exit detail {Convert.ToHexStringLower(exit.Detail[..64])}");
                break;
        }

        return report.Finish();
    }

    /// <summary>The whole report as text.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        text.AppendLine(Headline);
        Section(text, "", Details);
        Section(text, "registers", Registers());
        Section(text, "page walk", Walks.Select(walk => walk.ToString()));
        Section(text, "code", Code);
        return text.ToString();
    }

    private static void Section(StringBuilder text, string title, IEnumerable<string> lines)
    {
        const int column = 12;
        foreach (string line in lines)
        {
            text.Append("  ").Append(title.PadRight(column)).AppendLine(line);
            title = "";
        }
    }

    private IEnumerable<string> Registers()
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        GuestContext c = Context;
        yield return string.Create(invariant, $"eax {c.Eax:x8}  ebx {c.Ebx:x8}  ecx {c.Ecx:x8}  edx {c.Edx:x8}");
        yield return string.Create(invariant, $"esi {c.Esi:x8}  edi {c.Edi:x8}  ebp {c.Ebp:x8}  esp {c.Esp:x8}");
        string ss = c.Ss is ushort selector ? string.Create(invariant, $"  ss {selector:x2}") : "";
        yield return string.Create(invariant, $"eip {c.Eip:x8}  eflags {c.Eflags:x8}  cs {c.Cs:x2}{ss}");
        if (_bitness == 64)
        {
            // No exception's stub has changed these.
            KvmRegs r = _vcpu.Regs;
            yield return string.Create(invariant, $"r8  {r.R8:x16}  r9  {r.R9:x16}  r10 {r.R10:x16}  r11 {r.R11:x16}");
            yield return string.Create(invariant, $"r12 {r.R12:x16}  r13 {r.R13:x16}  r14 {r.R14:x16}  r15 {r.R15:x16}");
        }

        KvmSregs s = _vcpu.Sregs;
        yield return string.Create(invariant, $"cr0 {s.Cr0:x8}  cr2 {s.Cr2:x8}  cr3 {s.Cr3:x8}  cr4 {s.Cr4:x8}  efer {s.Efer:x}");
        yield return string.Create(invariant, $"gdt {s.Gdt.Base:x8}:{s.Gdt.Limit:x4}  idt {s.Idt.Base:x8}:{s.Idt.Limit:x4}  tr {s.Tr.Selector:x2} base {s.Tr.Base:x8}");
        yield return string.Join("  ", _vcpu.Msrs.Select(msr => string.Create(invariant, $"{Msr.NameOf(msr.Index)} {msr.Data:x8}")));
    }

    /// <summary>In long mode a code segment's descriptor says in which mode its code runs (SDM Vol. 3, 3.4.5).</summary>
    private int BitnessOf(ushort codeSegment)
    {
        byte[] descriptor = new byte[sizeof(ulong)];
        return IsLongMode
            && _ram.ReadLinear(_vcpu.PageTables, (uint)_vcpu.Sregs.Gdt.Base + (codeSegment & ~7u), descriptor) == descriptor.Length
            && new SegmentDescriptor(BinaryPrimitives.ReadUInt64LittleEndian(descriptor)).Load(codeSegment).LongMode ? 64 : 32;
    }

    private CrashReport Finish()
    {
        Code = _disassembly.Around(_ram, _vcpu.PageTables, Context.Eip, _bitness);
        if (Code.Count == 0 && _vcpu.PageTables is not null && !_walks.Exists(walk => walk.LinearAddress == Context.Eip))
        {
            Walk(Context.Eip);
        }

        return this;
    }

    private void DescribeIo(KvmExit exit)
    {
        ref readonly KvmRun.IoExit io = ref exit.Io;
        uint value = io is { Direction: KvmIoDirection.Out, Size: sizeof(uint), Count: 1 } ? MemoryMarshal.Read<uint>(exit.IoData) : 0;
        switch (io.Port)
        {
            case MonitorPort.Fault or MonitorPort.PageFault when value != 0:
                DescribeFault(value);
                break;
            case MonitorPort.SystemCall:
                byte[] registers = new byte[PtRegs.Size];
                _ram.ReadLinear(_vcpu.PageTables, value, registers);
                Context = GuestContext.OfSystemCall(registers);
                Headline = $"System call {BinaryPrimitives.ReadUInt32LittleEndian(registers.AsSpan(PtRegs.OrigEax))} before {Name(Context.Eip)}";
                break;
            case MonitorPort.BadReturn:
                Headline = "The kernel cannot return to the program: its code or stack segment is invalid";
                break;
            case MonitorPort.DoubleFault when value != 0:
                byte[] task = new byte[Tss.HardwareSize];
                _ram.ReadLinear(_vcpu.PageTables, value, task);
                Context = GuestContext.OfTask(task);
                DescribeDoubleFault();
                break;
            default:
                Headline = $"Unexpected port access at {Name(Context.Eip)}: {io.Direction} of {io.Count} x {io.Size} bytes at port 0x{io.Port:x}";
                break;
        }
    }

    private void DescribeFault(uint address)
    {
        byte[] frame = new byte[FaultFrame.Size];
        _ram.ReadLinear(_vcpu.PageTables, address, frame);
        uint vector = BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(FaultFrame.Vector));
        uint errorCode = BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(FaultFrame.ErrorCode));
        Context = GuestContext.OfFrame(frame, address, IsLongMode);
        if (vector == ExceptionVector.Df)
        {
            DescribeDoubleFault();
            return;
        }

        Headline = $"{ExceptionVector.Describe(vector)} in ring {Context.Ring} at {Name(Context.Eip)}";
        if (vector == ExceptionVector.Pf)
        {
            DescribePageFault(errorCode);
        }
        else if (ExceptionVector.HasSelectorErrorCode(vector))
        {
            DescribeSelectorError(errorCode);
        }

        if (vector == ExceptionVector.Gp)
        {
            ExplainGeneralProtection();
        }
    }

    /// <summary>SDM Vol. 3, 4.7.</summary>
    private void DescribePageFault(uint errorCode)
    {
        ulong address = _vcpu.Sregs.Cr2;

        // Bit 4 says so only where there is an execute-disable bit, which no guest here has turned on.
        bool write = (errorCode & 2) != 0;
        bool fetch = (errorCode & 0x10) != 0 || (!write && address == Context.Eip);
        string access = fetch ? "an instruction fetch" : write ? "a write" : "a read";
        string mode = (errorCode & 4) != 0 ? "user" : "supervisor";
        string why = (errorCode & 8) != 0 ? "a reserved bit is set" : (errorCode & 1) != 0 ? "the page does not allow it" : "no page is mapped there";
        Headline += $": {access} of {Name(address)}";
        _details.Add($"error code 0x{errorCode:x}: {access} in {mode} mode, and {why}");
        if (Context.Ring == 0 && Context.Eip == _vcpu.Msr(Msr.SysenterEip))
        {
            _details.Add(address == Context.Eip
                ? "SYSENTER_EIP leads to an address that is not mapped: is the MSR right?"
                : "This is SYSENTER's first instruction, and SYSENTER_ESP is its stack: is the MSR right?");
        }

        if (address <= uint.MaxValue)
        {
            Walk((uint)address);
        }
    }

    /// <summary>SDM Vol. 3, 6.13.</summary>
    private void DescribeSelectorError(uint errorCode)
    {
        if (errorCode == 0)
        {
            _details.Add("error code 0: no selector is to blame");
            return;
        }

        uint index = errorCode >> 3 & 0x1fff;
        if ((errorCode & 2) == 0)
        {
            _details.Add($"error code 0x{errorCode:x}: selector 0x{errorCode & 0xfffc:x}, entry {index} of the {((errorCode & 4) != 0 ? "LDT" : "GDT")}");
            return;
        }

        _details.Add($"error code 0x{errorCode:x}: gate 0x{index:x} of the IDT, which is: {GateText(index)}");
    }

    private string GateText(uint vector)
    {
        if (ReadGate(vector) is not GateDescriptor gate)
        {
            return "not in memory";
        }

        return gate.Present && Context.Ring > gate.Dpl ? $"{gate}; INT in ring {Context.Ring} needs DPL {Context.Ring}" : gate.ToString();
    }

    private GateDescriptor? ReadGate(uint vector)
    {
        byte[] gate = new byte[Idt.EntrySize];
        uint entrySize = (uint)(IsLongMode ? Idt.LongModeEntrySize : Idt.EntrySize);
        int read = _ram.ReadLinear(_vcpu.PageTables, (uint)_vcpu.Sregs.Idt.Base + (vector * entrySize), gate);
        return read == gate.Length ? new GateDescriptor(BinaryPrimitives.ReadUInt64LittleEndian(gate)) : null;
    }

    private void ExplainGeneralProtection()
    {
        byte[] bytes = new byte[15];
        int length = _ram.ReadLinear(_vcpu.PageTables, Context.Eip, bytes);
        if (Disassembly.DecodeOne(bytes.AsMemory(0, length), Context.Eip, _bitness) is not Instruction instruction)
        {
            return;
        }

        if (instruction.Mnemonic is Mnemonic.Sysenter or Mnemonic.Sysexit && (_vcpu.Msr(Msr.SysenterCs) & 0xfffc) == 0)
        {
            _details.Add($"{_disassembly.Format(instruction).ToUpperInvariant()} raises #GP because SYSENTER_CS is 0 (SDM Vol. 2)");
        }
        else if (Context.Ring == 3 && instruction.IsPrivileged)
        {
            _details.Add($"{_disassembly.Format(instruction)} is not allowed in ring 3");
        }
    }

    private void DescribeDoubleFault()
    {
        Headline = $"{ExceptionVector.Describe(ExceptionVector.Df)} in ring {Context.Ring} at {Name(Context.Eip)}: an exception could not be delivered";
        if (Context.Ring == 0)
        {
            // In ring 0 an exception is delivered on the stack that is in use: it is the usual suspect.
            PageWalk stack = Walk(Context.Esp - 1);
            if (stack.PhysicalAddress is null)
            {
                _details.Add($"the stack at {Name(Context.Esp)} is not mapped");
            }
        }

        if (_vcpu.Sregs.Cr2 != 0)
        {
            _details.Add($"the last page fault was at {Name(_vcpu.Sregs.Cr2)}");
        }
    }

    /// <summary>AMD's KVM resets the vCPU at a triple fault: what was wrong must be read off the tables, which are still in memory.</summary>
    private void DescribeShutdown()
    {
        Headline = "Triple fault (KVM_EXIT_SHUTDOWN): neither an exception nor the double fault could be delivered";
        CpuState start = _image.InitialState;
        if (!start.Cr0.HasFlag(Cr0.Paging))
        {
            return;
        }

        // What the guest uses, where it lies, and its limit: nothing lies behind a limit of 0.
        (string Name, ulong Address, uint Limit)[] needed =
        [
            ("the first instruction", start.Eip, start.Cs.Limit),
            ("the GDT", start.Gdtr.Base, start.Gdtr.Limit),
            ("the IDT", start.Idtr.Base, start.Idtr.Limit),
            ("the task-state segment", start.Tr.Base, start.Gdtr.Limit),
        ];
        foreach ((string name, ulong address, uint limit) in needed)
        {
            PageWalk walk = PageWalk.Walk(_ram, start.PageTables, (uint)address);
            if (limit != 0 && walk.PhysicalAddress is null)
            {
                _details.Add($"{name} at {Name((uint)address)} is not mapped");
                _walks.Add(walk);
            }
        }

        if (_details.Count == 0)
        {
            _details.Add("the page tables map all that an exception needs; a KVM that emulates stops so when a guest turns paging on");
        }
    }

    private void DescribeFailEntry(in KvmRun.FailEntryExit failure)
    {
        const ulong invalidGuestState = 0x80000021;
        string why = failure.HardwareEntryFailureReason == invalidGuestState ? " (VT-x: invalid guest state)" : "";
        Headline = $"VM entry failed (KVM_EXIT_FAIL_ENTRY), hardware reason 0x{failure.HardwareEntryFailureReason:x}{why} on CPU {failure.Cpu}";
        KvmRegs regs = _vcpu.Regs;
        KvmSregs sregs = _vcpu.Sregs;
        foreach (VmEntryRule rule in VmEntryRules.BrokenBy(VcpuState.FromVcpu(in regs, in sregs, [.. _vcpu.Msrs])))
        {
            _details.Add($"SDM Vol. 3C {rule.Section} is broken: {rule.Text}");
        }
    }

    private void DescribeInternalError(KvmExit exit)
    {
        KvmInternalError error = exit.InternalError.Suberror;
        Headline = $"KVM gave up (KVM_EXIT_INTERNAL_ERROR, sub-error {(uint)error} {error}) at {Name(Context.Eip)}";
        ReadOnlySpan<byte> bytes = exit.EmulationFailureBytes;
        if (!bytes.IsEmpty)
        {
            string text = Disassembly.DecodeOne(bytes.ToArray(), Context.Eip, _bitness) is Instruction instruction
                ? _disassembly.Format(instruction)
                : "no instruction";
            _details.Add($"it cannot emulate {Convert.ToHexStringLower(bytes)}: {text}");
            _details.Add("KVM emulates what the CPU does not finish itself, such as an access of memory that no slot has; one without VT-x and SVM emulates everything");
        }

        foreach (ulong word in exit.InternalErrorData)
        {
            _details.Add($"data 0x{word:x16}");
        }
    }

    private void DescribeMmio(KvmExit exit)
    {
        ref readonly KvmRun.MmioExit mmio = ref exit.Mmio;
        string access = mmio.IsWrite != 0 ? "write of" : "read of";
        Headline = $"Access outside the guest's memory at {Name(Context.Eip)}: {access} {mmio.Len} bytes at physical 0x{mmio.PhysAddr:x}";
    }

    private PageWalk Walk(uint address)
    {
        PageWalk walk = PageWalk.Walk(_ram, PageTableRoot.Of(_vcpu.Sregs.Cr3, (Efer)_vcpu.Sregs.Efer), address);
        _walks.Add(walk);
        return walk;
    }

    /// <summary>An address with the symbol that is near.</summary>
    private string Name(ulong address)
    {
        string? symbol = address <= uint.MaxValue ? _image.Symbols.Describe((uint)address) : null;
        return symbol is null ? $"0x{address:x8}" : $"0x{address:x8} ({symbol})";
    }
}
