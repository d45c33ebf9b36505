// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Iced.Intel;
using Kvmsys.Guest.Assembly;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Vsyscall;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Guest.Programs;

/// <summary>
/// A ring-3 program that times batches of getpid. A run of it calibrates, warms up until the batches become no shorter, times short and long
/// batches, calibrates again, and ends with a <see cref="MonitorCall.Mark"/>; nothing leaves the guest before. The monitor sets the next
/// run's <see cref="CallLoopParameters"/> and lets it go on. The first run touches every page and is not to be counted. For the host's own
/// Linux it is a process that is given them on its standard input, see <see cref="ProcessResults"/>.
/// </summary>
/// <remarks>All but the call itself is written so that it means the same in 32-bit and in 64-bit code: with 32-bit registers, and no PUSH.</remarks>
/// <param name="Mechanism">How it enters the kernel.</param>
public sealed record CallLoop(EntryMechanism Mechanism)
{
    /// <summary>Calls between two turns of the loop where they are to be averaged: its own two instructions are an eighth of themselves in a call.</summary>
    public const uint CallsPerRound = 8;

    /// <summary>Batches that one run can time.</summary>
    public const int MaxBatches = 64;

    /// <summary>Batches in a group of the warm-up.</summary>
    public const int WarmUpBatches = 8;

    /// <summary>Symbol of the <see cref="CallLoopParameters"/>.</summary>
    public const string ParametersSymbol = "parameters";

    /// <summary>Symbol of the <see cref="CallLoopResults"/>.</summary>
    public const string ResultsSymbol = "results";

    private const string RunCalls = "run_calls";
    private const uint ParametersAddress = GuestProgram.DataAddress;

    // A call by SYSENTER: its MOV EAX of 5 bytes, then MOV EDX of 5 or PUSH of 5, three PUSHes of 1, MOVs and SYSENTER of 2 each.
    private const uint BytesBySysenterRegisters = 14;
    private const uint BytesBySysenterStack = 17;

    // The best of so many is free of interrupts.
    private const int Repetitions = 4;

    // A group's best that is less than a thousandth better than the best before is a plateau.
    private const int PlateauShift = 10;

    private static readonly uint ResultsAddress = ParametersAddress + (uint)Marshal.SizeOf<CallLoopParameters>();
    private static readonly int Batches = Result(nameof(CallLoopResults.Batches));

    /// <summary>Where in its cache line the loop starts, 0 to 63.</summary>
    public int Offset { get; init; }

    /// <summary>Calls between two turns of the loop, 1 or more; 1 where a batch is to be a single call.</summary>
    public uint CallsInRound { get; init; } = CallsPerRound;

    /// <summary>Whether the CPU is AMD's, whose VMCALL is called VMMCALL.</summary>
    public bool IsAmd { get; init; }

    /// <summary>The first run's parameters.</summary>
    public CallLoopParameters Parameters { get; init; } = new() { Rounds = 1, Batches = 2, WarmUpRounds = 1, WarmUpGroups = 1 };

    /// <summary>
    /// Whether a batch has twice as many rounds: short, long, long, short, and so on, so that what changes steadily meanwhile changes both alike.
    /// </summary>
    public static bool IsLong(int batch) => ((batch ^ (batch >> 1)) & 1) != 0;

    /// <summary>The program for a kernel: how SYSENTER is given its return address depends on who takes it.</summary>
    public GuestProgram Assemble(KernelProfile profile)
    {
        int bitness = profile is KernelProfile.Bare64 or KernelProfile.Fred64 or KernelProfile.Host64 ? 64 : 32;
        TextSection text = new(GuestProgram.TextAddress, GuestProgram.DataAddress - GuestProgram.TextAddress, bitness);
        bool sysenterByRegisters = Mechanism == EntryMechanism.Sysenter && profile != KernelProfile.Linux26;
        Emit(text, profile, sysenterByRegisters);
        CallLoopParameters parameters = Parameters;
        return GuestProgram.OfCode(text.ToArray(), MemoryMarshal.AsBytes(new Span<CallLoopParameters>(ref parameters)).ToArray()) with
        {
            Entry = text.AddressOf("_start"),
            Bitness = bitness,
            Symbols = [.. text.Symbols, new(ParametersAddress, ParametersSymbol), new(ResultsAddress, ResultsSymbol)],
            NeedsSysenter = Mechanism == EntryMechanism.Sysenter,
            SysenterByRegisters = sysenterByRegisters,
            NeedsSyscall = Mechanism == EntryMechanism.Syscall,
            SkippedException = Mechanism switch
            {
                EntryMechanism.InvalidOpcode => 6,
                EntryMechanism.PageFault => 14,
                _ => null,
            },
            UsesPorts = Mechanism == EntryMechanism.Pio,
            TouchesDevice = Mechanism == EntryMechanism.Mmio,
            Halts = Mechanism == EntryMechanism.Hlt,
        };
    }

    private void Emit(TextSection text, KernelProfile profile, bool sysenterByRegisters)
    {
        bool isProcess = profile is KernelProfile.Host32 or KernelProfile.Host64;
        uint subroutine = text.Add("subroutine", code => code.Asm.ret());
        uint runCalls = text.Add(RunCalls, code => EmitRunCalls(code, subroutine, sysenterByRegisters, isProcess), Offset);
        uint calibrate = text.Add("calibrate", EmitCalibrate);
        uint warmUp = text.Add("warm_up", code => EmitWarmUp(code, runCalls));
        uint timeBatches = text.Add("time_batches", code => EmitTimeBatches(code, runCalls));
        text.Add("_start", code =>
        {
            Assembler c = code.Asm;
            CallLoopProcess? process = isProcess ? new(code, ParametersAddress, ResultsAddress) : null;
            process?.EmitStart();
            code.Define("run");
            process?.EmitBegin();
            c.mov(ebx, ResultsAddress);
            c.lea(ebp, __[ebx + Result(nameof(CallLoopResults.Before))]);
            c.call(calibrate);
            c.call(warmUp);
            c.call(timeBatches);
            c.lea(ebp, __[ebx + Result(nameof(CallLoopResults.After))]);
            c.call(calibrate);
            process?.EmitEnd();
            if (!isProcess)
            {
                c.mov(eax, (uint)MonitorCall.Mark);
                c.@int(unchecked((sbyte)I386Kernel.MonitorVector));
            }

            c.jmp(code["run"]);
        });
    }

    /// <summary>EDI rounds of calls, one after the other; the last result is stored. A call leaves EBX and ESI alone.</summary>
    private void EmitRunCalls(CodeUnit code, uint subroutine, bool sysenterByRegisters, bool isProcess)
    {
        Assembler c = code.Asm;

        // Linux has a number of its own for SYSCALL in 64-bit mode; the kernels here have one table.
        uint getpid = isProcess && Mechanism == EntryMechanism.Syscall ? LinuxCall.Getpid.X64 : LinuxCall.Getpid.I386;
        for (int i = 0; i < CallsInRound; i++)
        {
            c.mov(eax, getpid);
            switch (Mechanism)
            {
                case EntryMechanism.Call:
                    c.call(subroutine);
                    break;
                case EntryMechanism.Int80:
                case EntryMechanism.Hlt:
                    c.@int(unchecked((sbyte)I386Kernel.SyscallVector));
                    break;
                case EntryMechanism.Sysenter:
                    EmitSysenter(code, i, sysenterByRegisters);
                    break;
                case EntryMechanism.Vsyscall when isProcess:
                    CallLoopProcess.EmitVsyscall(c, ResultsAddress);
                    break;
                case EntryMechanism.Vsyscall:
                    c.call(VsyscallPage.Entry);
                    break;
                case EntryMechanism.Syscall:
                    c.syscall();
                    break;
                case EntryMechanism.CallGate:
                    c.call(Descriptors.Selector.CallGate, 0);
                    break;
                case EntryMechanism.InvalidOpcode:
                    c.ud2();
                    break;
                case EntryMechanism.PageFault:
                    // Nothing is mapped at the lowest addresses, which is where the batch's number points.
                    c.cmp(eax, c.Bitness == 64 ? __dword_ptr[rsi] : __dword_ptr[esi]);
                    break;
                case EntryMechanism.Cpuid:
                    // It answers in EBX too.
                    c.mov(ebp, ebx);
                    c.cpuid();
                    c.mov(ebx, ebp);
                    break;
                case EntryMechanism.Pio:
                    c.mov(edx, MonitorPort.Nothing);
                    c.@out(dx, eax);
                    break;
                case EntryMechanism.Mmio:
                    c.mov(__dword_ptr[ebx + (int)(GuestProgram.DeviceAddress - ResultsAddress)], eax);
                    break;
                case EntryMechanism.Vmcall when IsAmd:
                    c.vmmcall();
                    break;
                case EntryMechanism.Vmcall:
                    c.vmcall();
                    break;
                case EntryMechanism.Empty:
                    break;
                default:
                    throw new InvalidOperationException($"No program enters a kernel by {Mechanism} here.");
            }
        }

        c.dec(edi);
        c.jne(code[RunCalls]);
        c.mov(__dword_ptr[ebx + Result(nameof(CallLoopResults.LastResult))], eax);
        c.ret();
    }

    /// <summary>SYSENTER saves no return address, so the program says where it is: behind the equally long code of so many calls.</summary>
    private static void EmitSysenter(CodeUnit code, int call, bool byRegisters)
    {
        Assembler c = code.Asm;
        if (byRegisters)
        {
            c.mov(edx, code.Address + ((uint)(call + 1) * BytesBySysenterRegisters));
            c.mov(ecx, esp);
        }
        else
        {
            // 2.6.12 returns to the page wherever SYSENTER came from: so leave there what the page pops, and our address under it.
            c.push(code.Address + ((uint)(call + 1) * BytesBySysenterStack));
            c.push(ecx);
            c.push(edx);
            c.push(ebp);
            c.mov(ebp, esp);
        }

        c.sysenter();
    }

    /// <summary>Times the chains and the timer in turns, so that a clock that changes meanwhile changes them alike. EBP points to the times.</summary>
    private static void EmitCalibrate(CodeUnit code)
    {
        Assembler c = code.Asm;
        int add = Calibration(nameof(CalibrationTimes.AddChainTicks));
        int multiply = Calibration(nameof(CalibrationTimes.MultiplyChainTicks));
        int floating = Calibration(nameof(CalibrationTimes.FloatChainTicks));
        int timer = Calibration(nameof(CalibrationTimes.TimerTicks));
        foreach (int minimum in new[] { add, multiply, floating, timer })
        {
            c.mov(__dword_ptr[ebp + minimum], uint.MaxValue);
        }

        c.mov(__dword_ptr[ebx + Result(nameof(CallLoopResults.Repetitions))], Repetitions);
        code.Define("calibrate_again");
        EmitShorter(code, add, () => CalibrationChain.EmitAdd(code, "add_chain"));
        EmitShorter(code, multiply, () => CalibrationChain.EmitMultiply(code, "multiply_chain"));
        EmitShorter(code, floating, () => CalibrationChain.EmitFloat(code, "float_chain"));
        EmitShorter(code, timer, () => { });
        c.dec(__dword_ptr[ebx + Result(nameof(CallLoopResults.Repetitions))]);
        c.jne(code["calibrate_again"]);
        c.ret();
    }

    /// <summary>Times a piece of code, which may use ECX and EDI, and keeps the time if it is shorter than the one before.</summary>
    private static void EmitShorter(CodeUnit code, int time, Action emit)
    {
        Assembler c = code.Asm;
        string longer = $"longer_{time:x}";
        EmitTimestamp(c);
        c.mov(esi, eax);
        emit();
        EmitTimestamp(c);
        c.sub(eax, esi);
        c.cmp(eax, __dword_ptr[ebp + time]);
        c.jae(code[longer]);
        c.mov(__dword_ptr[ebp + time], eax);
        code.Define(longer);
    }

    /// <summary>
    /// Runs groups of batches: for as long as the parameters say, and on until a group's best batch is no better than the best before it. What
    /// has to settle is the CPU's frequency, its predictors and caches, and what KVM does only the first time.
    /// </summary>
    private static void EmitWarmUp(CodeUnit code, uint runCalls)
    {
        Assembler c = code.Asm;
        AssemblerMemoryOperand groups = __dword_ptr[ebx + Result(nameof(CallLoopResults.WarmUpGroups))];
        AssemblerMemoryOperand plateau = __dword_ptr[ebx + Result(nameof(CallLoopResults.ReachedPlateau))];
        AssemblerMemoryOperand start = __dword_ptr[ebx + Result(nameof(CallLoopResults.WarmUpStart))];
        AssemblerMemoryOperand batchStart = __dword_ptr[ebx + Result(nameof(CallLoopResults.BatchStart))];
        AssemblerMemoryOperand bestOfGroup = __dword_ptr[ebx + Result(nameof(CallLoopResults.BestOfGroup))];
        AssemblerMemoryOperand bestBefore = __dword_ptr[ebx + Result(nameof(CallLoopResults.BestBefore))];
        c.mov(groups, 0);
        c.mov(plateau, 0);
        c.mov(bestBefore, uint.MaxValue);
        EmitTimestamp(c);
        c.mov(start, eax);
        code.Define("warm_up_group");
        c.mov(bestOfGroup, uint.MaxValue);
        c.mov(esi, WarmUpBatches);
        code.Define("warm_up_batch");
        EmitTimestamp(c);
        c.mov(batchStart, eax);
        c.mov(edi, Parameter(nameof(CallLoopParameters.WarmUpRounds)));
        c.call(runCalls);
        EmitTimestamp(c);
        c.sub(eax, batchStart);
        c.cmp(eax, bestOfGroup);
        c.jae(code["no_better_batch"]);
        c.mov(bestOfGroup, eax);
        code.Define("no_better_batch");
        c.dec(esi);
        c.jne(code["warm_up_batch"]);
        c.inc(groups);
        EmitTimestamp(c);
        c.sub(eax, start);
        c.cmp(eax, Parameter(nameof(CallLoopParameters.WarmUpTicks)));
        c.jb(code["no_plateau"]);
        c.mov(eax, bestBefore);
        c.mov(ecx, eax);
        c.shr(ecx, PlateauShift);
        c.sub(eax, ecx);
        c.cmp(bestOfGroup, eax);
        c.jae(code["plateau"]);
        code.Define("no_plateau");
        c.mov(eax, groups);
        c.cmp(eax, Parameter(nameof(CallLoopParameters.WarmUpGroups)));
        c.jae(code["warm_up_done"]);
        c.mov(eax, bestOfGroup);
        c.cmp(eax, bestBefore);
        c.jae(code["warm_up_group"]);
        c.mov(bestBefore, eax);
        c.jmp(code["warm_up_group"]);
        code.Define("plateau");
        c.mov(plateau, 1);
        code.Define("warm_up_done");
        c.ret();
    }

    /// <summary>ESI counts the batches; its two lowest bits tell which are long, see <see cref="IsLong"/>.</summary>
    private static void EmitTimeBatches(CodeUnit code, uint runCalls)
    {
        Assembler c = code.Asm;
        c.xor(esi, esi);
        code.Define("time_batch");
        c.mov(ecx, esi);
        c.shr(ecx, 1);
        c.xor(ecx, esi);
        c.and(ecx, 1);
        c.mov(edi, Parameter(nameof(CallLoopParameters.Rounds)));
        c.cmp(Parameter(nameof(CallLoopParameters.AllShort)), 0);
        c.jne(code["short_batch"]);
        c.shl(edi, cl);
        code.Define("short_batch");
        c.mov(ebp, esi);
        c.shl(ebp, 4);
        c.lea(ebp, __[ebx + ebp + Batches]);
        EmitStore(c, nameof(BatchTimes.StartTicks));
        c.mov(__dword_ptr[ebx + Result(nameof(CallLoopResults.BatchStart))], ebp);
        c.call(runCalls);
        c.mov(ebp, __dword_ptr[ebx + Result(nameof(CallLoopResults.BatchStart))]);
        EmitStore(c, nameof(BatchTimes.EndTicks));
        c.inc(esi);
        c.cmp(esi, Parameter(nameof(CallLoopParameters.Batches)));
        c.jb(code["time_batch"]);
        c.ret();
    }

    /// <summary>Stores the TSC in the batch that EBP points to.</summary>
    private static void EmitStore(Assembler c, string field)
    {
        int offset = (int)Marshal.OffsetOf<BatchTimes>(field);
        EmitTimestamp(c);
        c.mov(__dword_ptr[ebp + offset], eax);
        c.mov(__dword_ptr[ebp + offset + sizeof(uint)], edx);
    }

    /// <summary>
    /// EDX:EAX = TSC, after all that is before and before all that is after: LFENCE waits for the instructions before it, and starts none behind
    /// it until it is done (SDM Vol. 2, RDTSC and LFENCE). CPUID would do as well, but it always exits.
    /// </summary>
    private static void EmitTimestamp(Assembler c)
    {
        c.lfence();
        c.rdtsc();
        c.lfence();
    }

    /// <summary>A parameter's place, relative to EBX.</summary>
    private static AssemblerMemoryOperand Parameter(string field) =>
        __dword_ptr[ebx + ((int)Marshal.OffsetOf<CallLoopParameters>(field) - (int)(ResultsAddress - ParametersAddress))];

    /// <summary>A result's place, relative to EBX.</summary>
    private static int Result(string field) => (int)Marshal.OffsetOf<CallLoopResults>(field);

    private static int Calibration(string field) => (int)Marshal.OffsetOf<CalibrationTimes>(field);
}
