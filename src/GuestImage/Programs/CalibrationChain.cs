// SPDX-License-Identifier: MIT

using Iced.Intel;
using Kvmsys.Guest.Assembly;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Guest.Programs;

/// <summary>
/// Dependent instructions with latencies that every x86 CPU since Nehalem and Zen shares: 1 core cycle for an addition of two registers, 3 for
/// a multiplication, 3 to 5 for one of floating-point numbers. The first gives core cycles without a performance counter, and the ratios tell
/// a CPU from an emulator, which computes floating-point numbers in software or checks them there.
/// </summary>
public static class CalibrationChain
{
    /// <summary>Instructions in a chain.</summary>
    public const int Length = Unrolled * Rounds;

    // The counter's own instructions run beside the chain and cost it nothing. The timer's do not: LFENCE, RDTSC, LFENCE take some 70 core
    // cycles and the TSC may step by 30 ticks, so that the chain must be long for its time to be exact to a fifth of a percent.
    private const int Unrolled = 64;
    private const int Rounds = 320;

    private const uint One = 0x3f800000;

    /// <summary>Emits ADD EDI, EDI in a chain. Uses ECX and EDI.</summary>
    internal static void EmitAdd(CodeUnit code, string name) => Emit(code, name, c => c.add(edi, edi));

    /// <summary>Emits IMUL EDI, EDI in a chain. Uses ECX and EDI.</summary>
    internal static void EmitMultiply(CodeUnit code, string name) => Emit(code, name, c => c.imul(edi, edi));

    /// <summary>Emits MULSS XMM0, XMM0 in a chain, with the value 1. Uses ECX, EDI and XMM0.</summary>
    internal static void EmitFloat(CodeUnit code, string name)
    {
        code.Asm.mov(edi, One);
        code.Asm.movd(xmm0, edi);
        Emit(code, name, c => c.mulss(xmm0, xmm0));
    }

    private static void Emit(CodeUnit code, string name, Action<Assembler> instruction)
    {
        code.Asm.mov(edi, 3);
        code.Asm.mov(ecx, Rounds);
        code.Define(name);
        for (int i = 0; i < Unrolled; i++)
        {
            instruction(code.Asm);
        }

        code.Asm.dec(ecx);
        code.Asm.jne(code[name]);
    }
}
