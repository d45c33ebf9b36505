// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Iced.Intel;
using Kvmsys.Guest.Assembly;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Vsyscall;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Guest.Programs;

/// <summary>
/// A ring-3 program that calls getpid in a loop and times the loop. It does so twice: a rehearsal that touches every page and warms every
/// cache, then a <see cref="MonitorCall.Mark"/>, then the run that counts, in which nothing leaves the guest until the end.
/// </summary>
/// <param name="Mechanism">How it enters the kernel.</param>
/// <param name="Calls">Calls in the run that counts.</param>
public sealed record CallLoop(EntryMechanism Mechanism, uint Calls)
{
    /// <summary>Symbol of the <see cref="CallLoopResults"/>.</summary>
    public const string ResultsSymbol = "results";

    /// <summary>Calls in the rehearsal, and before the timer starts.</summary>
    public const uint WarmUpCalls = 10_000;

    private const string StartSymbol = "_start";
    private const string RunCallsSymbol = "run_calls";

    // The best of so many is free of interrupts.
    private const int Repetitions = 8;

    private static readonly int Start = Offset(nameof(CallLoopResults.StartTicks));
    private static readonly int End = Offset(nameof(CallLoopResults.EndTicks));
    private static readonly int AddChain = Offset(nameof(CallLoopResults.AddChainTicks));
    private static readonly int MultiplyChain = Offset(nameof(CallLoopResults.MultiplyChainTicks));
    private static readonly int Timer = Offset(nameof(CallLoopResults.TimerTicks));
    private static readonly int LastResult = Offset(nameof(CallLoopResults.LastResult));

    /// <summary>The program for a kernel: how SYSENTER is given its return address depends on who takes it.</summary>
    public GuestProgram Assemble(KernelProfile profile)
    {
        TextSection text = new(GuestProgram.TextAddress, GuestProgram.DataAddress - GuestProgram.TextAddress);
        Emit(text, profile);
        return GuestProgram.OfCode(text.ToArray()) with
        {
            Entry = text.AddressOf(StartSymbol),
            Symbols = [.. text.Symbols, new(GuestProgram.DataAddress, ResultsSymbol)],
            NeedsSysenter = Mechanism == EntryMechanism.Sysenter,
            SysenterByRegisters = SysenterByRegisters(profile),
        };
    }

    private bool SysenterByRegisters(KernelProfile profile) => Mechanism == EntryMechanism.Sysenter && profile == KernelProfile.Bare;

    private void Emit(TextSection text, KernelProfile profile)
    {
        text.Add("calls", code => EmitCalls(code, profile));
        uint runCalls = text.AddressOf(RunCallsSymbol);
        uint measure = text.Add("measure", code => EmitMeasure(code, runCalls));
        text.Add(StartSymbol, code =>
        {
            Assembler c = code.Asm;
            c.mov(ebx, GuestProgram.DataAddress);
            c.mov(esi, WarmUpCalls);
            c.call(measure);
            c.mov(eax, (uint)MonitorCall.Mark);
            c.@int(unchecked((sbyte)I386Kernel.MonitorVector));
            code.Define("timed_region");
            c.mov(esi, Calls);
            c.call(measure);
            c.mov(eax, (uint)MonitorCall.Exit);
            c.xor(ebx, ebx);
            c.@int(unchecked((sbyte)I386Kernel.MonitorVector));
            c.ud2();
        });
    }

    /// <summary>EDI calls, one after the other; the last result is stored. A call leaves EBX and EDI alone.</summary>
    private void EmitCalls(CodeUnit code, KernelProfile profile)
    {
        Assembler c = code.Asm;
        if (Mechanism == EntryMechanism.Sysenter)
        {
            // The loop starts in its middle: SYSENTER's return address must be known, and a routine's own address is.
            c.dec(edi);
            c.je(code["calls_done"]);
            code.Define(RunCallsSymbol);
            c.mov(eax, SyscallNumber.Getpid);
            EmitSysenter(c, returnAddress: code.Address, profile);
        }
        else
        {
            code.Define(RunCallsSymbol);
            c.mov(eax, SyscallNumber.Getpid);
            switch (Mechanism)
            {
                case EntryMechanism.Int80:
                    c.@int(unchecked((sbyte)I386Kernel.SyscallVector));
                    break;
                case EntryMechanism.Vsyscall:
                    c.call(VsyscallPage.Entry);
                    break;
                default:
                    break;
            }

            c.dec(edi);
            c.jne(code[RunCallsSymbol]);
        }

        code.Define("calls_done");
        c.mov(__dword_ptr[ebx + LastResult], eax);
        c.ret();
    }

    private void EmitSysenter(Assembler c, uint returnAddress, KernelProfile profile)
    {
        if (SysenterByRegisters(profile))
        {
            c.mov(edx, returnAddress);
            c.mov(ecx, esp);
        }
        else
        {
            // 2.6.12 returns to the page wherever SYSENTER came from: so leave there what the page pops, and our address under it.
            c.push(returnAddress);
            c.push(ecx);
            c.push(edx);
            c.push(ebp);
            c.mov(ebp, esp);
        }

        c.sysenter();
    }

    /// <summary>Calibrates, warms up, and times ESI calls. EBX points to the results.</summary>
    private static void EmitMeasure(CodeUnit code, uint runCalls)
    {
        Assembler c = code.Asm;
        c.push(esi);
        foreach (int minimum in new[] { AddChain, MultiplyChain, Timer })
        {
            c.mov(__dword_ptr[ebx + minimum], uint.MaxValue);
        }

        // In turns, so that a clock that changes meanwhile changes them alike.
        c.mov(ebp, Repetitions);
        code.Define("calibrate");
        EmitShorter(code, AddChain, () => CalibrationChain.EmitAdd(code, "add_chain"));
        EmitShorter(code, MultiplyChain, () => CalibrationChain.EmitMultiply(code, "multiply_chain"));
        EmitShorter(code, Timer, () => { });
        c.dec(ebp);
        c.jne(code["calibrate"]);
        c.mov(edi, WarmUpCalls);
        c.call(runCalls);
        c.pop(edi);
        EmitTimestamp(c);
        c.mov(__dword_ptr[ebx + Start], eax);
        c.mov(__dword_ptr[ebx + Start + sizeof(uint)], edx);
        c.call(runCalls);
        EmitTimestamp(c);
        c.mov(__dword_ptr[ebx + End], eax);
        c.mov(__dword_ptr[ebx + End + sizeof(uint)], edx);
        c.ret();
    }

    /// <summary>Times a piece of code, which may use ECX and EDI, and keeps the time if it is shorter than the one before.</summary>
    private static void EmitShorter(CodeUnit code, int result, Action emit)
    {
        Assembler c = code.Asm;
        string longer = $"longer_{result:x}";
        EmitTimestamp(c);
        c.mov(esi, eax);
        emit();
        EmitTimestamp(c);
        c.sub(eax, esi);
        c.cmp(eax, __dword_ptr[ebx + result]);
        c.jae(code[longer]);
        c.mov(__dword_ptr[ebx + result], eax);
        code.Define(longer);
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

    private static int Offset(string field) => (int)Marshal.OffsetOf<CallLoopResults>(field);
}
