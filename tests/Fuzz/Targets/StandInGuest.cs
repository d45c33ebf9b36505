// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using System.Text;
using Kvmsys.Guest;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Descriptors;
using Kvmsys.Guest.Elf;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;
using Kvmsys.Guest.Programs;
using Kvmsys.Guest.Vsyscall;
using Kvmsys.Monitor.Linux;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native.Abi;
using Kvmsys.Native.Linux;
using static Kvmsys.Fuzz.Targets.BrokenInvariantException;

namespace Kvmsys.Fuzz.Targets;

/// <summary>
/// A Linux process without a KVM: its memory and its monitor's part are the real ones, the part of the guest's kernel is played here, step
/// by step as its code does it, and what the program does is the caller's to say.
/// </summary>
/// <remarks>An alarm kicks the thread that has asked for it. Every thread that comes here keeps that signal blocked from then on.</remarks>
internal sealed class StandInGuest : IDisposable
{
    /// <summary>Guest memory in bytes: 512 frames are the kernel's to hand out.</summary>
    public const uint MemorySize = 4 << 20;

    /// <summary>Code: one page.</summary>
    public const uint Text = 0x08048000;

    /// <summary>Constants: one page.</summary>
    public const uint Constants = 0x08049000;

    /// <summary>Data, that is written: four pages, of which the first has contents.</summary>
    public const uint Data = 0x0804a000;

    /// <summary>First address behind the data: where the heap begins.</summary>
    public const uint DataEnd = Data + (4 * PageSize);

    /// <summary>Lowest address of the stack at the start.</summary>
    public const uint Stack = GuestProgram.StackTop - (2 * PageSize);

    /// <summary>Bytes that the program finds on its standard input.</summary>
    public const int InputLength = 5000;

    private const uint PageSize = PageTableBuilder.PageSize;
    private const uint PageMask = PageSize - 1;
    private const int Words = PtRegs.Size / sizeof(uint);
    private const int NameSpacing = 64;
    private const int NamesOffset = 0x400;
    private const uint Ring = 3;

    // What sigreturn may change: FIX_EFLAGS of Linux. The rest of EFLAGS, IOPL and VM before all, is not the program's.
    private const uint ProgramFlags = 0x50dd5;

    private static readonly GuestProgram Program = MakeProgram();
    private static readonly I386Guest Template = I386Guest.Build(new I386GuestOptions
    {
        Program = Program,
        Profile = KernelProfile.Linux26,
        Cpu = new CpuIdentity("GenuineIntel", 6, 60, 3, Sep: true),
        MemorySize = MemorySize,
        Fixmap = [new FixmapContents("hello", "Hello, world"u8.ToArray())],
        Uid = 1000,
        Gid = 1000,
    });

    private static readonly HashSet<int> KernelsOwn =
    [
        SyscallNumber.Exit, SyscallNumber.ExitGroup, SyscallNumber.Getpid, SyscallNumber.Gettid, SyscallNumber.Getpgrp, SyscallNumber.Getppid,
        SyscallNumber.Getuid, SyscallNumber.Geteuid, SyscallNumber.Getuid16, SyscallNumber.Geteuid16, SyscallNumber.Getgid,
        SyscallNumber.Getegid, SyscallNumber.Getgid16, SyscallNumber.Getegid16, SyscallNumber.SchedYield,
    ];

    private readonly I386Guest _guest;
    private readonly OpenFile _errorReader;
    private readonly uint[] _registers = new uint[Words];

    /// <summary>A process that has not run yet.</summary>
    /// <param name="warn">Is told what the program lacks.</param>
    public StandInGuest(Action<string>? warn = null)
    {
        _guest = Template.Again(seed: 1);
        Ram = new GuestRam(MemorySize);
        Ram.Load(_guest.Image);
        OpenFile.Pipe(out OpenFile? input, out OpenFile? inputWriter);
        inputWriter!.Write(new byte[InputLength]);
        inputWriter.Dispose();
        OpenFile.Pipe(out OpenFile? errorReader, out OpenFile? error);
        _errorReader = errorReader!;
        Process = new LinuxProcess(_guest, Program, Ram, _guest.Task, new ProcessOptions
        {
            FileName = "program",
            FullPath = "/program",
            WorkingDirectory = Sandbox.Granted,
            ReadOnlyFolders = [Sandbox.Granted],
            StandardFiles = [input!, OpenFile.Standard(Sandbox.NullDescriptor), error!],
            Warn = warn ?? (_ => { }),
        });
        Vcpu = new StandInVcpu(Process) { Sregs = VcpuState.ToSregs(_guest.Image.InitialState, default) };
        (this[PtRegs.Cs], this[PtRegs.Ds], this[PtRegs.Es], this[PtRegs.Ss]) = (Selector.UserCode, Selector.UserData, Selector.UserData, Selector.UserData);
        (this[PtRegs.Eip], this[PtRegs.Esp]) = (Program.Entry, Program.StackPointer);
        this[PtRegs.Eflags] = (uint)(Eflags.Fixed | Eflags.InterruptEnable);
    }

    /// <summary>The program's process identifier.</summary>
    public static uint Pid => Template.Pid;

    /// <summary>The guest's memory.</summary>
    public GuestRam Ram { get; }

    /// <summary>The process.</summary>
    public LinuxProcess Process { get; }

    /// <summary>The vCPU.</summary>
    public StandInVcpu Vcpu { get; }

    /// <summary>The image that was loaded.</summary>
    public GuestImage Image => _guest.Image;

    /// <summary>Why the machine has stopped; null while it runs.</summary>
    public StopReason? Stop { get; private set; }

    /// <summary>Whether the monitor may have page-table entries that the guest's kernel has not fetched yet.</summary>
    public bool HasUpdatesAhead { get; private set; }

    /// <summary>A register of the program, by its offset in <see cref="PtRegs"/>.</summary>
    public uint this[int offset]
    {
        get => _registers[offset / sizeof(uint)];
        set => _registers[offset / sizeof(uint)] = value;
    }

    /// <summary>Where a name of <see cref="Sandbox.Names"/> lies in the program's memory; the one behind the last is the granted folder's path.</summary>
    public static uint AddressOfName(int index) => Data + NamesOffset + (uint)(index * NameSpacing);

    /// <summary>Whether the kernel answers a system call without its monitor.</summary>
    public static bool IsKernelsOwn(uint number) => number < SyscallNumber.Count && KernelsOwn.Contains((int)number);

    /// <summary>Makes a system call with the registers as they are, but for EAX.</summary>
    /// <param name="number">EAX.</param>
    /// <param name="bySysenter">By SYSENTER from the vsyscall page, else by INT 0x80.</param>
    /// <returns>EAX then.</returns>
    public uint Call(uint number, bool bySysenter = false)
    {
        ThreadSignals.Block(ThreadSignals.FreeSignal);
        uint eip = this[PtRegs.Eip];
        if (bySysenter)
        {
            this[PtRegs.Eip] = VsyscallPage.SysenterReturn;
        }

        this[PtRegs.Eax] = number;
        this[PtRegs.OrigEax] = number;
        uint address = KernelLayout.KernelStack - PtRegs.Size;
        Span<uint> frame = WordsAt(address, Words);
        _registers.CopyTo(frame);
        Tell(MonitorPort.SystemCall, address);
        if (Stop is not null)
        {
            return frame[PtRegs.Eax / sizeof(uint)];
        }

        ref uint flags = ref WordsAt(KernelLayout.ThreadUnion + ThreadInfo.Flags, 1)[0];
        bool byIret = !bySysenter || (flags & ThreadInfo.Iret) != 0;
        flags &= ~(ThreadInfo.Iret | ThreadInfo.SingleStep);
        if (byIret)
        {
            ReturnByIret(frame);
        }
        else
        {
            // SYSEXIT gives back EAX; all else is as it was, and what the monitor has changed would be lost.
            this[PtRegs.Eax] = frame[PtRegs.Eax / sizeof(uint)];
            ThrowUnless(frame.SequenceEqual(_registers));
        }

        if (this[PtRegs.Eip] == VsyscallPage.SysenterReturn)
        {
            this[PtRegs.Eip] = eip;
        }

        return this[PtRegs.Eax];
    }

    /// <summary>Makes a system call.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="arguments">Its arguments; those that are not given are 0.</param>
    /// <returns>Its answer.</returns>
    public int Call(Syscall number, params ReadOnlySpan<uint> arguments)
    {
        ReadOnlySpan<int> places = [PtRegs.Ebx, PtRegs.Ecx, PtRegs.Edx, PtRegs.Esi, PtRegs.Edi, PtRegs.Ebp];
        for (int i = 0; i < places.Length; i++)
        {
            this[places[i]] = i < arguments.Length ? arguments[i] : 0;
        }

        return (int)Call((uint)number);
    }

    /// <summary>Touches an address as the CPU does, which asks for the page when it is not there.</summary>
    /// <param name="address">The address.</param>
    /// <param name="write">Whether it is a write.</param>
    /// <param name="physical">Where it lies.</param>
    /// <returns>Whether the program may.</returns>
    public bool Touch(uint address, bool write, out uint physical)
    {
        PageWalk walk = Walk(address);
        if (!Allows(walk, write))
        {
            if (!TryMap(address, write, inKernel: false, out _))
            {
                physical = 0;
                return false;
            }

            walk = Walk(address);

            // Else the program would fault for ever.
            ThrowUnless(Allows(walk, write), walk);
        }

        physical = walk.PhysicalAddress!.Value;
        return true;
    }

    /// <summary>Writes to the program's memory as the program does.</summary>
    /// <returns>How many bytes it could write.</returns>
    public int Write(uint address, ReadOnlySpan<byte> bytes)
    {
        int done = 0;
        while (done < bytes.Length && Stop is null && Touch(address, write: true, out uint physical))
        {
            int inPage = (int)Math.Min((uint)(bytes.Length - done), PageSize - (address & PageMask));
            bytes.Slice(done, inPage).CopyTo(Ram.Mapping.Slice(physical, inPage));
            done += inPage;
            address += (uint)inPage;
        }

        return done;
    }

    /// <summary>Writes words, as the program does.</summary>
    public void Write(uint address, params ReadOnlySpan<uint> words) => Write(address, MemoryMarshal.AsBytes(words));

    /// <summary>Reads from the program's memory as the program does.</summary>
    /// <exception cref="BrokenInvariantException">It cannot.</exception>
    public byte[] Read(uint address, int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            ThrowUnless(Touch(address + (uint)i, write: false, out uint physical), address + (uint)i);
            bytes[i] = Ram.Read<byte>(physical);
        }

        return bytes;
    }

    /// <summary>Reads words, as the program does.</summary>
    public uint[] ReadWords(uint address, int count) => MemoryMarshal.Cast<byte, uint>(Read(address, count * sizeof(uint))).ToArray();

    /// <summary>A page fault: the page is asked for, and where the program has none an exception comes of it.</summary>
    /// <param name="address">The address.</param>
    /// <param name="write">Whether it is a write.</param>
    /// <param name="inKernel">Whether it is the kernel that touches the program's memory, as SYSENTER's entry does.</param>
    public void PageFault(uint address, bool write, bool inKernel)
    {
        if (!TryMap(address, write, inKernel, out uint frame) && Stop is null && !inKernel)
        {
            Report(frame);
        }
    }

    /// <summary>An exception of the program's.</summary>
    /// <param name="vector">Which.</param>
    /// <param name="error">Its error code.</param>
    public void Exception(uint vector, uint error) => Report(PushFault(vector, error, inKernel: false));

    /// <summary>The machine's kick has stopped the guest: it asks its service whether there is something to do.</summary>
    /// <param name="inKernel">Whether the guest is in its kernel at that moment.</param>
    public void Interrupt(bool inKernel)
    {
        if (!Process.TakeArrivals())
        {
            return;
        }

        ThreadSignals.Block(ThreadSignals.FreeSignal);
        KvmSregs sregs = Vcpu.Sregs;
        ThreadAreas areas = new(Process.Memory, Ram);
        ushort code = inKernel ? Selector.KernelCode : (ushort)this[PtRegs.Cs];
        sregs.Cs = VcpuState.ToSegment(Descriptor(code).Load(code) with { Type = 11 });
        sregs.Ss = areas.Load((ushort)this[PtRegs.Ss]);
        sregs.Ds = areas.Load((ushort)this[PtRegs.Ds]);
        sregs.Es = areas.Load((ushort)this[PtRegs.Es]);
        Vcpu.Sregs = sregs;
        Vcpu.Regs = new KvmRegs
        {
            Rax = this[PtRegs.Eax],
            Rbx = this[PtRegs.Ebx],
            Rcx = this[PtRegs.Ecx],
            Rdx = this[PtRegs.Edx],
            Rsi = this[PtRegs.Esi],
            Rdi = this[PtRegs.Edi],
            Rbp = this[PtRegs.Ebp],
            Rsp = this[PtRegs.Esp],
            Rip = this[PtRegs.Eip],
            Rflags = this[PtRegs.Eflags],
        };
        KvmRegs before = Vcpu.Regs;
        Stop = Process.Interrupt(Vcpu);
        if (inKernel || Vcpu.HasEventInFlight)
        {
            ThrowUnless(Stop is null && Same(before, Vcpu.Regs) && Same(sregs, Vcpu.Sregs));
            return;
        }

        HasUpdatesAhead = true;
        if (Stop is null)
        {
            TakeVcpuRegisters(before.Rflags);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Process.Dispose();
        Vcpu.Dispose();
        _errorReader.Dispose();
        Ram.Dispose();
        while (ThreadSignals.TakePending(ThreadSignals.FreeSignal))
        {
            // What the alarm has sent.
        }
    }

    private static GuestProgram MakeProgram()
    {
        byte[] data = new byte[PageSize];
        string[] names = [.. Sandbox.Names, Sandbox.Granted];
        for (int i = 0; i < names.Length; i++)
        {
            Encoding.UTF8.GetBytes(names[i], data.AsSpan(NamesOffset + (i * NameSpacing), NameSpacing - 1));
        }

        return new GuestProgram
        {
            Segments =
            [
                new(Text, new byte[] { 0x90, 0xcd, 0x80 }, PageSize, SegmentFlags.Read | SegmentFlags.Execute),
                new(Constants, new byte[PageSize], PageSize, SegmentFlags.Read),
                new(Data, data, DataEnd - Data, SegmentFlags.Read | SegmentFlags.Write),
                new(Stack, new byte[2 * PageSize], 2 * PageSize, SegmentFlags.Read | SegmentFlags.Write),
            ],
            Entry = Text,
            StackPointer = GuestProgram.StackTop - 0x800,
        };
    }

    private static bool Allows(PageWalk walk, bool write) => walk is { PhysicalAddress: not null, UserAccessible: true } && (!write || walk.Writable);

    private static bool Same<T>(T one, T other)
        where T : unmanaged => MemoryMarshal.AsBytes([one]).SequenceEqual(MemoryMarshal.AsBytes([other]));

    private PageWalk Walk(uint address) => PageWalk.Walk(Ram, _guest.Image.InitialState.PageTables, address);

    private Span<uint> WordsAt(uint kernelAddress, int count) =>
        MemoryMarshal.Cast<byte, uint>(Ram.Mapping.Slice(KernelLayout.Physical(kernelAddress), count * sizeof(uint)));

    private SegmentDescriptor Descriptor(uint selector) => new(Ram.Read<ulong>(KernelLayout.Physical(KernelLayout.Gdt) + (selector & ~7u)));

    /// <summary>exception_common, up to the monitor's answer to a page fault.</summary>
    private bool TryMap(uint address, bool write, bool inKernel, out uint frame)
    {
        const uint present = 1;
        const uint writes = 2;
        const uint fromRing3 = 4;
        const uint vector = 14;
        uint error = (Walk(address).PhysicalAddress is null ? 0 : present) | (write ? writes : 0) | (inKernel ? 0 : fromRing3);
        frame = PushFault(vector, error, inKernel);
        WordsAt(KernelLayout.TaskStruct + TaskStruct.Cr2, 1)[0] = address;
        Tell(MonitorPort.PageFault, frame);
        return Stop is null && WordsAt(frame + FaultFrame.Vector, 1)[0] == FaultFrame.Handled;
    }

    private uint PushFault(uint vector, uint error, bool inKernel)
    {
        // In the kernel the CPU pushes neither SS nor ESP; how deep the stack is then does not matter.
        uint address = KernelLayout.KernelStack - FaultFrame.Size - (inKernel ? 0x40u : 0);
        Span<uint> frame = WordsAt(address, FaultFrame.Size / sizeof(uint));
        _registers.AsSpan(0, FaultFrame.Vector / sizeof(uint)).CopyTo(frame);
        frame[FaultFrame.Vector / sizeof(uint)] = vector;
        frame[FaultFrame.ErrorCode / sizeof(uint)] = error;
        if (inKernel)
        {
            (frame[FaultFrame.Eip / sizeof(uint)], frame[FaultFrame.Cs / sizeof(uint)]) = (KernelLayout.Text, Selector.KernelCode);
            frame[FaultFrame.Eflags / sizeof(uint)] = (uint)Eflags.Fixed;
        }
        else
        {
            _registers.AsSpan(PtRegs.Eip / sizeof(uint)).CopyTo(frame[(FaultFrame.Eip / sizeof(uint))..]);
        }

        return address;
    }

    private void Report(uint frame)
    {
        Tell(MonitorPort.Fault, frame);
        if (Stop is null)
        {
            Span<uint> words = WordsAt(frame, FaultFrame.Size / sizeof(uint));
            Span<uint> registers = stackalloc uint[Words];
            words[..(FaultFrame.Vector / sizeof(uint))].CopyTo(registers);
            words[(FaultFrame.Eip / sizeof(uint))..].CopyTo(registers[(PtRegs.Eip / sizeof(uint))..]);
            ReturnByIret(registers);
        }
    }

    /// <summary>OUT, and apply_page_table_updates behind it.</summary>
    private void Tell(ushort port, uint value)
    {
        KvmSregs before = Vcpu.Sregs;
        Vcpu.IsInPort = true;
        Stop = Process.Serve(port, value, Vcpu);
        Vcpu.IsInPort = false;

        // The kernel's own segments and tables are not the monitor's to change; FS and GS are the program's.
        KvmSregs after = Vcpu.Sregs;
        (before.Fs, before.Gs) = (after.Fs, after.Gs);
        ThrowUnless(Same(before, after));

        // A crash is a defect of the kernel's or the monitor's: no program may be able to cause one.
        ThrowUnless(Stop is not StopReason.Crash, $"port 0x{port:x}");
        if (Stop is null)
        {
            ApplyUpdates();
            HasUpdatesAhead = false;
        }
    }

    private void ApplyUpdates()
    {
        Span<uint> page = WordsAt(KernelLayout.PageTableUpdates, (int)(PageSize / sizeof(uint)));
        uint count = page[PageTableUpdates.Count / sizeof(uint)];
        if (count == 0)
        {
            return;
        }

        for (; ; )
        {
            ThrowUnless(count <= PageTableUpdates.Capacity, count);

            // The last comes first, as the kernel counts down.
            for (; count > 0; count--)
            {
                int entry = (PageTableUpdates.Entries / sizeof(uint)) + (2 * (int)(count - 1));
                uint physical = KernelLayout.Physical(page[entry]);
                ThrowUnless(physical % sizeof(uint) == 0 && physical >= KernelLayout.FirstFreeFrame && physical < MemorySize, physical);
                Ram.Write(physical, page[entry + 1]);
            }

            page[PageTableUpdates.Count / sizeof(uint)] = 0;
            if (page[PageTableUpdates.More / sizeof(uint)] == 0)
            {
                return;
            }

            ThrowUnless(Process.Serve(MonitorPort.MoreUpdates, 0, Vcpu) is null);
            count = page[PageTableUpdates.Count / sizeof(uint)];

            // The kernel does not look whether there is one.
            ThrowUnless(count > 0);
        }
    }

    /// <summary>RESTORE_ALL: what can be loaded, and IRET.</summary>
    private void ReturnByIret(ReadOnlySpan<uint> frame)
    {
        uint flags = frame[PtRegs.Eflags / sizeof(uint)];
        (uint cs, uint ss) = (frame[PtRegs.Cs / sizeof(uint)] & 0xffff, frame[PtRegs.Ss / sizeof(uint)] & 0xffff);
        ThrowUnless(((flags ^ this[PtRegs.Eflags]) & ~ProgramFlags) == 0, flags);

        // Back to ring 0 with the program's registers: the end of all protection.
        ThrowUnless((cs & Ring) == Ring, cs);

        // ldt_ss: an invalid instruction in the kernel.
        const uint localTable = 4;
        ThrowUnless((ss & localTable) == 0, ss);
        frame.CopyTo(_registers);
        foreach (int data in new[] { PtRegs.Ds, PtRegs.Es })
        {
            SegmentRegister segment = Loaded(this[data]);
            bool canRead = (segment.Type & 8) == 0 || (segment.Type & 2) != 0;
            this[data] = segment is { Present: true, CodeOrData: true, Dpl: 3 } && canRead ? this[data] & 0xffff : 0;
        }

        SegmentRegister code = Loaded(cs);
        SegmentRegister stack = Loaded(ss);
        bool canRun = code is { Present: true, CodeOrData: true, Dpl: 3 } && (code.Type & 8) != 0;
        bool canPush = (ss & Ring) == Ring && stack is { Present: true, CodeOrData: true, Dpl: 3 } && (stack.Type & 0xa) == 2;
        if (!canRun || !canPush)
        {
            Tell(MonitorPort.BadReturn, 0);
            ThrowUnless(Stop is StopReason.Signal);
        }
    }

    /// <summary>A segment of the GDT; nothing where there is none.</summary>
    private SegmentRegister Loaded(uint selector)
    {
        selector &= 0xffff;
        return (selector & 4) == 0 && selector >> 3 is > 0 and < Gdt.Entries ? Descriptor(selector).Load((ushort)selector) : default;
    }

    private void TakeVcpuRegisters(ulong flags)
    {
        KvmRegs regs = Vcpu.Regs;
        KvmSregs sregs = Vcpu.Sregs;
        ThrowUnless(((regs.Rflags ^ flags) & ~ProgramFlags) == 0, regs.Rflags);
        ThrowUnless((regs.Rax | regs.Rcx | regs.Rdx | regs.Rsp | regs.Rip) <= uint.MaxValue);
        CpuState state = VcpuState.FromVcpu(in regs, in sregs, []);
        VmEntryRule? broken = VmEntryRules.BrokenBy(state).FirstOrDefault();
        ThrowUnless(broken is null, broken);
        (this[PtRegs.Eax], this[PtRegs.Ebx], this[PtRegs.Ecx]) = ((uint)regs.Rax, (uint)regs.Rbx, (uint)regs.Rcx);
        (this[PtRegs.Edx], this[PtRegs.Esi], this[PtRegs.Edi]) = ((uint)regs.Rdx, (uint)regs.Rsi, (uint)regs.Rdi);
        (this[PtRegs.Ebp], this[PtRegs.Esp], this[PtRegs.Eip]) = ((uint)regs.Rbp, (uint)regs.Rsp, (uint)regs.Rip);
        this[PtRegs.Eflags] = (uint)regs.Rflags;
        (this[PtRegs.Ds], this[PtRegs.Es]) = (sregs.Ds.Selector, sregs.Es.Selector);
        (this[PtRegs.Cs], this[PtRegs.Ss]) = (sregs.Cs.Selector, sregs.Ss.Selector);
    }
}
