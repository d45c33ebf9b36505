// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Iced.Intel;
using Kvmsys.Guest;
using Kvmsys.Guest.Descriptors;
using Kvmsys.Guest.Elf;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Guest.Vsyscall;
using Kvmsys.Monitor.Debugging;
using Kvmsys.Monitor.Linux;
using Kvmsys.Monitor.Machine;
using Kvmsys.Monitor.Tracing;
using Kvmsys.Native;
using Kvmsys.Native.Abi;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Tests.I386Guest;

/// <summary>A guest that is stepped through, traced, and debugged by a client of GDB's protocol.</summary>
public sealed class DebuggerTests
{
    private const int Getpid = 20;
    private const int Exit = 1;

    // A byte that the kernel does not use: above thread_info, where its stack does not come so far down.
    private const uint Victim = KernelLayout.ThreadUnion + 0x200;
    private const uint Entry = GuestProgram.TextAddress + ElfHeader.Size + ProgramHeader.Size;
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(120);

    [Fact]
    public void A_step_is_one_instruction_in_either_ring_and_none_is_lost()
    {
        Recorder recorder = Record(EmitCalls);
        for (int i = 1; i < recorder.Steps.Count; i++)
        {
            (Instruction last, uint pc, _, _) = recorder.Steps[i - 1];
            (_, uint next, _, bool isGate) = recorder.Steps[i];
            if (last.FlowControl == FlowControl.Next && !isGate && last.Mnemonic is not (Mnemonic.Sysenter or Mnemonic.Sysexit))
            {
                Assert.True(next == last.NextIP32, $"{pc:x8} {last} is followed by {next:x8}");
            }
        }
    }

    [Fact]
    public void The_way_through_the_kernel_is_seen_from_both_entries()
    {
        Recorder recorder = Record(EmitCalls);
        Assert.Equal(
            [
                "3 test_program", "0 system_call", "3 test_program+0x7", "3 __kernel_vsyscall", "0 sysenter_entry", "3 SYSENTER_RETURN",
                "3 test_program+0x11", "0 monitor_call",
            ],
            recorder.Places);
        Assert.Equal(
            ["mov", "int", "mov", "call", "push", "push", "push", "mov", "sysenter", "pop", "pop", "pop", "ret", "mov", "mov", "int"],
            recorder.Steps.Where(step => step.Ring == 3).Select(step => step.Instruction.Mnemonic.ToString().ToLowerInvariant()));
        Assert.Contains(recorder.Steps, step => step is { Ring: 0, Instruction.Mnemonic: Mnemonic.Sysexit });
        Assert.Contains(recorder.Steps, step => step is { Ring: 0, Instruction.Mnemonic: Mnemonic.Iretd });
    }

    [Fact]
    public void The_program_does_not_see_that_it_is_stepped() =>
        Assert.Equal(0u, Record(c =>
        {
            // EFLAGS as PUSHF saves them, before and after a system call: TF, bit 8, is the debugger's.
            c.pushfd();
            c.mov(eax, Getpid);
            c.@int(GuestRun.SyscallVector);
            c.pushfd();
            c.pop(eax);
            c.pop(ebx);
            c.or(eax, ebx);
            c.and(eax, 0x100);
            GuestRun.EmitExit(c, eax);
        }).Status);

    [Fact]
    public void A_program_that_steps_itself_has_its_exception_in_its_place()
    {
        // The trap comes behind the instruction that follows POPF: NOP.
        MachineStop stop = Debug(EmitOwnTrap, new Recorder());
        Assert.Equal(StopReason.Crash, stop.Reason);
        Assert.Equal((GuestProgram.TextAddress + 10, 0x100u), (stop.Crash!.Context.Eip, stop.Crash.Context.Eflags & 0x100));
        Assert.StartsWith("#DB (debug exception) in ring 3", stop.Crash.Headline, StringComparison.Ordinal);
        Assert.Equal(stop.Crash.Context.Eip, GuestRun.Run(EmitOwnTrap).Crash!.Context.Eip);

        static void EmitOwnTrap(Assembler c)
        {
            c.pushfd();
            c.or(__dword_ptr[esp], 0x100);
            c.popfd();
            c.nop();
            c.nop();
            c.nop();
        }
    }

    [Fact]
    public void A_programs_own_INT3_reaches_its_kernel()
    {
        foreach (DebugAction action in new[] { DebugAction.Step, DebugAction.Run })
        {
            MachineStop stop = Debug(c => c.int3(), new Recorder { Action = action });
            Assert.StartsWith("#BP (breakpoint) in ring 3 at 0x08048001", stop.Crash!.Headline, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_stack_that_begins_elsewhere_saves_no_trap_flag_and_leaves_the_kernel_alone()
    {
        using LinuxMachine program = Load(EmitPushOnSegment);
        uint victim = KernelLayout.Physical(Victim);
        program.Machine.Ram.Write(victim, byte.MaxValue);
        InstructionTrace trace = new(program, new TraceOptions { UserOnly = true }, _ => { });
        Assert.Equal((StopReason.Exit, 0u), Outcome(program.Run(Time, default)));
        Assert.Equal(byte.MaxValue, program.Machine.Ram.Read<byte>(victim));
        Assert.NotEqual(0, trace.Counts[3]);
    }

    [Theory]
    [InlineData("exception_14", 0, Selector.UserCode)]
    [InlineData("exception_14", 1, Selector.UserCode)]
    [InlineData("system_call", 1, Selector.UserCode)]
    [InlineData("exception_13", 0, Selector.KernelCode)]
    public void A_programs_way_to_the_kernels_entries_leads_to_the_same_fault(string entry, uint offset, ushort code)
    {
        uint target = GuestRun.Build(GuestRun.Program(EmitLoop)).Image.Symbols.AddressOf(entry) + offset;
        MachineStop stop = Debug(EmitReturnThere, new Recorder());
        MachineStop expected = GuestRun.Run(EmitReturnThere);
        Assert.Contains("in ring 3", stop.Crash!.Headline, StringComparison.Ordinal);
        Assert.Equal((expected.Crash!.Headline, expected.Crash.Context.Eflags), (stop.Crash.Headline, stop.Crash.Context.Eflags));

        void EmitReturnThere(Assembler c)
        {
            c.pushfd();
            c.push((uint)code);
            c.push(target);
            c.iretd();
        }
    }

    [Fact]
    public void A_breakpoint_in_memory_stops_before_its_instruction_and_leaves_no_trace()
    {
        Recorder recorder = new() { Action = DebugAction.Run, Breakpoint = VsyscallPage.SysenterReturn };
        MachineStop stop = Debug(EmitCalls, recorder);
        Assert.Equal(StopReason.Exit, stop.Reason);
        Assert.Equal([DebugStopKind.Start, DebugStopKind.Breakpoint], recorder.Kinds.Take(2));
        Assert.Equal(0x5d, recorder.ByteAtBreakpoint);
        Assert.Equal(VsyscallPage.SysenterReturn, recorder.Steps.First(step => step.Ring == 3).Address);
    }

    [Fact]
    public void Registers_are_read_and_written() => Assert.Equal(1234u, Record(EmitCalls, (stop, guest) =>
    {
        if (guest.Next?.Mnemonic == Mnemonic.Mov && guest.Next.Value.Op0Register == Register.EBX)
        {
            KvmRegs regs = guest.Regs;
            regs.Rax = 1234;
            guest.Regs = regs;
        }
    }).Status);

    [Fact]
    public void A_debugger_ends_the_run_and_lets_go_of_the_guest()
    {
        MachineStop stop = Debug(EmitCalls, new Recorder((stop, guest) => guest.Action = guest.Ring == 3 ? DebugAction.End : DebugAction.Step));
        Assert.Equal(StopReason.Debugger, stop.Reason);
        stop = Debug(EmitLoop, new Recorder((stop, guest) => guest.Action = DebugAction.Detach), TimeSpan.FromSeconds(1));
        Assert.Equal(StopReason.Deadline, stop.Reason);
    }

    [Fact]
    public void A_guest_that_runs_is_stopped_from_outside()
    {
        GuestImage image = GuestRun.Build(GuestRun.Program(EmitLoop)).Image;
        using Kvm kvm = Kvm.Open();
        using VirtualMachine machine = new(kvm, image, GuestCpuid.Of(kvm));
        Recorder recorder = new((stop, guest) => guest.Action = stop.Kind == DebugStopKind.Interrupted ? DebugAction.End : DebugAction.Run);
        machine.Debugger = recorder;
        using Timer timer = new(_ => machine.Break(), null, TimeSpan.FromMilliseconds(500), Timeout.InfiniteTimeSpan);
        Assert.Equal(StopReason.Debugger, machine.Run(Time).Reason);
        Assert.Equal(DebugStopKind.Interrupted, recorder.Kinds[^1]);
    }

    [Fact]
    public void A_trace_names_what_happens()
    {
        StringBuilder text = new();
        using LinuxMachine program = Load(EmitLinuxCalls);
        InstructionTrace trace = new(program, new TraceOptions(), lines => text.Append(lines));
        Assert.Equal((StopReason.Exit, 7u), Outcome(program.Run(Time, default)));
        trace.Finish();
        string[] lines = text.ToString().Split('\n');
        Assert.Equal(
            [
                "<- ring 3 by iret, at 0x08048054: the program starts",
                "-> ring 0 by int $0x80, at system_call: system call 20 (getpid)",
                $"<- ring 3 by iret, at 0x0804805b: getpid = {program.Guest.Pid}",
                "-> ring 0 by sysenter, at sysenter_entry: system call 64 (getppid)",
                "<- ring 3 by sysexit, at SYSENTER_RETURN: getppid = 1",
                "-> ring 0 by int $0x80, at system_call: system call 1 (exit)",
            ],
            lines.Where(line => line.StartsWith("->", StringComparison.Ordinal) || line.StartsWith("<-", StringComparison.Ordinal)));
        Assert.Equal(16, trace.Counts[3]);
        Assert.Contains("0  c0100140  sysenter_entry                mov    -0x21fc(%esp),%esp", lines);
        Assert.Contains("3  ffffe405  enter_kernel+0x2              sysenter", lines);
        Assert.Contains("-- into ring 0:  2 by int $0x80, 1 by sysenter", lines);
    }

    [Fact]
    public void A_trace_ends_after_its_limit()
    {
        List<string> lines = [];
        using LinuxMachine program = Load(EmitLinuxCalls);
        InstructionTrace trace = new(program, new TraceOptions { Limit = 5, UserOnly = true }, lines.Add);
        Assert.Equal(StopReason.Debugger, program.Run(Time, default).Reason);
        Assert.Equal(5, trace.Counts[3]);
    }

    [Fact]
    public void A_trace_shows_an_alarm_that_comes_to_a_program_that_computes()
    {
        StringBuilder text = new();
        using LinuxMachine program = Load(EmitAlarm);
        InstructionTrace trace = new(program, new TraceOptions { UserOnly = true }, lines => text.Append(lines));
        Assert.Equal((StopReason.Exit, 5u), Outcome(program.Run(Time, default)));
        trace.Finish();
        string[] lines = text.ToString().Split('\n');
        int signal = Array.IndexOf(lines, "** SIGALRM for the program");
        Assert.Contains("jmp", lines[signal - 1], StringComparison.Ordinal);
        Assert.EndsWith("mov    $1,%eax", lines[signal + 1], StringComparison.Ordinal);
        Assert.EndsWith("int    $0x80", lines[signal + 3], StringComparison.Ordinal);
        Assert.Equal(lines.Count(line => line.StartsWith("3  ", StringComparison.Ordinal)) - 1, trace.Counts[3]);
    }

    [Fact]
    public void A_client_sees_an_alarm_that_comes_to_a_program_that_computes_and_steps_into_its_handler()
    {
        using GdbClient client = new(Load(EmitAlarm));
        Assert.StartsWith("T0e", client.Ask("c"), StringComparison.Ordinal);
        Assert.Equal("OK", client.Ask("P6=09000000"));
        Assert.StartsWith("T05", client.Ask("S0e"), StringComparison.Ordinal);
        string handler = client.Ask("p8");
        Assert.Equal("b801000000", client.Ask($"m{BinaryPrimitives.ReverseEndianness(Convert.ToUInt32(handler, 16)):x},5"));
        Assert.Equal("W09", client.Ask("c"));
        Assert.Equal(StopReason.Exit, client.End().Reason);
    }

    [Theory]
    [InlineData("system_call", 0, "c")]
    [InlineData("system_call", 1, "c")]
    [InlineData("sysenter_entry", 0, "c")]
    [InlineData("exception_common", 0, "c")]
    [InlineData("system_call", 0, "s")]
    [InlineData("system_call", 1, "s")]
    public void A_client_has_breakpoints_in_the_kernel(string symbol, uint offset, string way)
    {
        LinuxMachine program = Load(c =>
        {
            // The stack grows, by an exception.
            c.mov(eax, __dword_ptr[esp - 0x3000]);
            EmitLinuxCalls(c);
        });
        uint address = program.Guest.Image.Symbols.AddressOf(symbol) + offset;
        string wanted = $"08:{BinaryPrimitives.ReverseEndianness(address):x8};";
        using GdbClient client = new(program);
        Assert.StartsWith("T05", client.Ask("?"), StringComparison.Ordinal);
        client.Ask("qRcmd,72696e6730206f6e");
        string code = client.Ask($"m{address:x},4");
        Assert.Equal("OK", client.Ask($"Z0,{address:x},1"));
        string reply = client.Ask(way);
        for (int steps = 0; way == "s" && steps < 1000 && !reply.Contains(wanted, StringComparison.Ordinal); steps++)
        {
            reply = client.Ask(way);
        }

        Assert.StartsWith("T05", reply, StringComparison.Ordinal);
        Assert.Contains(wanted, reply, StringComparison.Ordinal);
        Assert.Equal(code, client.Ask($"m{address:x},4"));
        Assert.StartsWith("T05", client.Ask("s"), StringComparison.Ordinal);
        Assert.Equal("OK", client.Ask($"z0,{address:x},1"));
        Assert.Equal(code, client.Ask($"m{address:x},4"));
        Assert.Equal("W07", client.Ask("c"));
        Assert.Equal(StopReason.Exit, client.End().Reason);
    }

    [Fact]
    public void A_client_of_GDBs_protocol_steps_over_the_kernel_and_gets_the_end()
    {
        using GdbClient client = new(Load(EmitLinuxCalls));
        Assert.StartsWith("T05", client.Ask("?"), StringComparison.Ordinal);
        Assert.Equal("54800408", client.Ask("p8"));
        Assert.StartsWith("T05", client.Ask("s"), StringComparison.Ordinal);
        Assert.StartsWith("T05", client.Ask("s"), StringComparison.Ordinal);
        Assert.Equal("5b800408", client.Ask("p8"));
        Assert.Equal("OK", client.Ask($"Z0,{VsyscallPage.SysenterReturn:x},1"));
        Assert.StartsWith("T05", client.Ask("c"), StringComparison.Ordinal);
        Assert.Equal("10e4ffff", client.Ask("p8"));
        Assert.Equal("5d5a59c3", client.Ask($"m{VsyscallPage.SysenterReturn:x},4"));
        Assert.Equal("E0e", client.Ask("mc0100000,4"));
        Assert.Equal("OK", client.Ask($"z0,{VsyscallPage.SysenterReturn:x},1"));
        Assert.Equal("W07", client.Ask("c"));
        Assert.Equal(StopReason.Exit, client.End().Reason);
    }

    [Fact]
    public void A_signal_is_shown_before_it_is_delivered_and_the_client_decides()
    {
        using GdbClient client = new(Load(c => c.mov(eax, __dword_ptr[0x1000])));
        Assert.StartsWith("T05", client.Ask("?"), StringComparison.Ordinal);
        Assert.StartsWith("T0b", client.Ask("c"), StringComparison.Ordinal);
        Assert.StartsWith("T0b", client.Ask("c"), StringComparison.Ordinal);
        Assert.StartsWith("T0b", client.Ask("s"), StringComparison.Ordinal);
        Assert.Equal("54800408", client.Ask("p8"));
        Assert.Equal("X0b", client.Ask("C0b"));
        Assert.Equal(StopReason.Signal, client.End().Reason);
    }

    [Theory]
    [InlineData("")]
    [InlineData("$c#63")]
    [InlineData("$c#63\u0003")]
    [InlineData("$m0,")]
    [InlineData("$k#6b")]
    [InlineData("$mffffffff,ffffffff#9f$Z0,0,1#1c$X0,ffffffff:#00$s#73$s#73$c#63")]
    public void A_client_that_goes_away_ends_the_program(string stream)
    {
        using GdbClient client = new(Load(EmitLoop));
        client.Send(stream);
        Thread.Sleep(300);
        client.HangUp();
        Assert.Equal(StopReason.Debugger, client.End().Reason);
    }

    [Fact]
    public void A_client_that_detaches_leaves_the_program_running()
    {
        using GdbClient client = new(Load(EmitLinuxCalls));
        Assert.Equal("OK", client.Ask("D"));
        Assert.Equal((StopReason.Exit, 7u), Outcome(client.End()));
    }

    [Fact]
    public void A_program_that_runs_is_interrupted()
    {
        using GdbClient client = new(Load(EmitLoop));
        client.Send("$c#63");
        Thread.Sleep(500);
        client.Send("\u0003");
        Assert.StartsWith("T02", client.Receive(), StringComparison.Ordinal);
        Assert.Equal("54800408", client.Ask("p8"));
        client.Send("$k#6b");
        Assert.Equal(StopReason.Debugger, client.End().Reason);
    }

    /// <summary>getpid by INT 0x80 and through the page.</summary>
    private static void EmitCalls(Assembler c)
    {
        c.mov(eax, Getpid);
        c.@int(GuestRun.SyscallVector);
        c.mov(eax, Getpid);
        c.call(VsyscallPage.Entry);
        GuestRun.EmitExit(c, eax);
    }

    private static void EmitLinuxCalls(Assembler c)
    {
        c.mov(eax, Getpid);
        c.@int(GuestRun.SyscallVector);
        c.mov(eax, 64);
        c.call(VsyscallPage.Entry);
        c.mov(eax, Exit);
        c.mov(ebx, 7);
        c.@int(GuestRun.SyscallVector);
    }

    /// <summary>PUSHF on a stack segment of the program's own, at an offset that is an address of the kernel's. The status is the trap flag it has saved.</summary>
    private static void EmitPushOnSegment(Assembler c)
    {
        const int setThreadArea = 243;

        // The second byte of what is pushed has the victim's address as its offset.
        const uint offset = Victim - 1 + sizeof(uint);
        c.mov(edi, esp);
        c.mov(ecx, esp);
        c.sub(ecx, unchecked((int)offset));

        // struct user_desc: any entry, the base, 4 GiB of 32 bits in pages.
        c.push(0x51);
        c.push(0xfffff);
        c.push(ecx);
        c.push(-1);
        c.mov(ebx, esp);
        c.mov(eax, setThreadArea);
        c.@int(GuestRun.SyscallVector);
        c.mov(eax, __dword_ptr[esp]);
        c.lea(eax, __dword_ptr[(eax * 8) + 3]);
        c.mov(ss, eax);
        c.mov(esp, offset);
        c.pushfd();
        c.pop(ebx);
        c.mov(eax, (uint)Selector.UserData);
        c.mov(ss, eax);
        c.mov(esp, edi);
        c.shr(ebx, 8);
        c.and(ebx, 1);
        c.mov(eax, Exit);
        c.@int(GuestRun.SyscallVector);
    }

    /// <summary>Computes until its alarm comes, whose handler exits with ESI, which is 5.</summary>
    private static void EmitAlarm(Assembler c)
    {
        const int setitimer = 104;
        const int sigaction = 67;
        const int alarm = 14;
        Label start = c.CreateLabel();
        Label loop = c.CreateLabel();

        // struct sigaction: handler, mask, flags, restorer. What the call pushes is the handler's address.
        c.push(0);
        c.push(0);
        c.push(0);
        c.call(start);
        c.mov(eax, Exit);
        c.mov(ebx, esi);
        c.@int(GuestRun.SyscallVector);
        c.Label(ref start);
        c.mov(esi, 5);
        c.mov(ebx, alarm);
        c.mov(ecx, esp);
        c.xor(edx, edx);
        c.mov(eax, sigaction);
        c.@int(GuestRun.SyscallVector);

        // struct itimerval: once, in 300 ms.
        c.push(300_000);
        c.push(0);
        c.push(0);
        c.push(0);
        c.xor(ebx, ebx);
        c.mov(ecx, esp);
        c.mov(eax, setitimer);
        c.@int(GuestRun.SyscallVector);
        c.Label(ref loop);
        c.jmp(loop);
    }

    private static (StopReason Reason, uint Status) Outcome(MachineStop stop) => (stop.Reason, stop.Status);

    private static Recorder Record(Action<Assembler> emit, Action<DebugStop, GuestDebug>? also = null)
    {
        Recorder recorder = new(also);
        MachineStop stop = Debug(emit, recorder);
        Assert.True(stop.Reason == StopReason.Exit, stop.Crash?.ToString());
        recorder.Status = stop.Status;
        return recorder;
    }

    private static MachineStop Debug(Action<Assembler> emit, Recorder recorder, TimeSpan? time = null)
    {
        GuestImage image = GuestRun.Build(GuestRun.Program(emit)).Image;
        recorder.Symbols = image.Symbols;
        using Kvm kvm = Kvm.Open();
        using VirtualMachine machine = new(kvm, image, GuestCpuid.Of(kvm));
        machine.Debugger = recorder;
        return machine.Run(time ?? Time);
    }

    private static LinuxMachine Load(Action<Assembler> emit)
    {
        using Kvm kvm = Kvm.Open();
        ElfExecutable executable = ElfExecutable.Parse(FileOf(emit), ProcessOptions.DefaultMemorySize);
        return LinuxMachine.Load(kvm, GuestCpuid.Of(kvm), executable, new ProcessOptions { FileName = "tiny", FullPath = "/tiny", WorkingDirectory = "/", MemorySize = 16 << 20, Seed = 1 });
    }

    /// <summary>A program's file: two headers, and the code behind them.</summary>
    private static byte[] FileOf(Action<Assembler> emit)
    {
        Assembler assembler = new(32);
        emit(assembler);
        using MemoryStream code = new();
        assembler.Assemble(new StreamCodeWriter(code), Entry);
        uint size = Entry - GuestProgram.TextAddress + (uint)code.Length;
        ElfHeader header = new()
        {
            Magic = ElfHeader.ElfMagic,
            Class = ElfHeader.Class32,
            Data = ElfHeader.LittleEndian,
            IdentVersion = ElfHeader.CurrentVersion,
            Type = ElfType.Executable,
            Machine = ElfHeader.Machine386,
            Version = ElfHeader.CurrentVersion,
            Entry = Entry,
            ProgramHeaderOffset = ElfHeader.Size,
            HeaderSize = ElfHeader.Size,
            ProgramHeaderSize = ProgramHeader.Size,
            ProgramHeaderCount = 1,
        };
        ProgramHeader segment = new()
        {
            Type = SegmentType.Load,
            VirtualAddress = GuestProgram.TextAddress,
            PhysicalAddress = GuestProgram.TextAddress,
            FileSize = size,
            MemorySize = size,
            Flags = SegmentFlags.Read | SegmentFlags.Execute,
            Alignment = 0x1000,
        };
        return [.. Bytes(header), .. Bytes(segment), .. code.ToArray()];

        static byte[] Bytes<T>(T structure)
            where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in structure)).ToArray();
    }

    private static void EmitLoop(Assembler c)
    {
        Label loop = c.CreateLabel();
        c.Label(ref loop);
        c.jmp(loop);
    }

    /// <summary>Steps, and writes down where it has been since ring 3 was reached.</summary>
    private sealed class Recorder(Action<DebugStop, GuestDebug>? also = null) : IDebugger
    {
        private bool _started;

        public DebugAction Action { get; init; } = DebugAction.Step;

        public uint? Breakpoint { get; init; }

        public SymbolTable Symbols { get; set; } = new([]);

        public uint Status { get; set; }

        public byte ByteAtBreakpoint { get; private set; }

        public List<DebugStopKind> Kinds { get; } = [];

        public List<(Instruction Instruction, uint Address, int Ring, bool IsGate)> Steps { get; } = [];

        /// <summary>Where each stretch of one ring, and the page, begins.</summary>
        public List<string> Places { get; } = [];

        public void Stopped(in DebugStop stop, GuestDebug guest)
        {
            Kinds.Add(stop.Kind);
            guest.Action = stop.Kind == DebugStopKind.Breakpoint ? DebugAction.Step : Action;
            if (Breakpoint is uint breakpoint && stop.Kind == DebugStopKind.Start)
            {
                guest.Breakpoints.Add(breakpoint);
            }

            if (stop.Kind == DebugStopKind.Breakpoint && guest.Ring == 3)
            {
                byte[] code = new byte[1];
                guest.Read(guest.Pc, code);
                ByteAtBreakpoint = code[0];
                guest.Breakpoints.Clear();
            }

            _started |= guest.Ring == 3;
            if (_started)
            {
                bool isPage = guest.Pc >= VsyscallPage.Entry;
                if (Steps.Count == 0 || Steps[^1].Ring != guest.Ring || (Steps[^1].Address >= VsyscallPage.Entry) != isPage)
                {
                    Places.Add($"{guest.Ring} {Symbols.Describe(guest.Pc)}");
                }

                Steps.Add((guest.Next ?? default, guest.Pc, guest.Ring, stop.Vector is not null));
            }

            also?.Invoke(stop, guest);
        }
    }

    /// <summary>A program under a debugger that speaks the protocol byte by byte.</summary>
    private sealed class GdbClient : IDisposable
    {
        private readonly LinuxMachine _program;
        private readonly GdbEndpoint _endpoint = GdbEndpoint.Open("0");
        private readonly GdbConnection _connection;
        private readonly GdbSession _session;
        private readonly Task<MachineStop> _run;
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 120_000 };
        private readonly PacketReader _packets = new();

        public GdbClient(LinuxMachine program)
        {
            _program = program;
            _socket.Connect(IPEndPoint.Parse(_endpoint.Name));
            _connection = new GdbConnection(_endpoint.Accept(default), default);
            _session = new GdbSession(program, _connection);
            _run = Task.Run(() =>
            {
                MachineStop stop = program.Run(Time, default);
                _session.End(stop);
                return stop;
            });
        }

        public string Ask(string packet)
        {
            _socket.Send(PacketWriter.Frame(Encoding.ASCII.GetBytes(packet)));
            return Receive();
        }

        public void Send(string bytes) => _socket.Send(Encoding.Latin1.GetBytes(bytes));

        public string Receive()
        {
            byte[] buffer = new byte[1];
            while (_socket.Receive(buffer) == 1)
            {
                if (_packets.Accept(buffer[0]) == PacketEvent.Packet)
                {
                    _socket.Send("+"u8);
                    return Encoding.ASCII.GetString(_packets.Payload);
                }
            }

            throw new IOException("The stub has hung up.");
        }

        public void HangUp() => _socket.Dispose();

        public MachineStop End() => _run.GetAwaiter().GetResult();

        public void Dispose()
        {
            _socket.Dispose();
            _connection.Dispose();
            _endpoint.Dispose();
            _program.Dispose();
        }
    }
}
