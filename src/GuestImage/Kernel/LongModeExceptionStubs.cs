// SPDX-License-Identifier: MIT

using Iced.Intel;
using Kvmsys.Guest.Assembly;
using Kvmsys.Guest.Descriptors;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Guest.Kernel;

/// <summary>The 64-bit kernel's handler for each exception: it is reported, from ring 3 and from ring 0 alike, and is the guest's end.</summary>
internal static class LongModeExceptionStubs
{
    /// <summary>Symbol of what the stubs share: the vector, the error code and the CPU's frame are on the stack.</summary>
    public const string Report = "exception_common";

    /// <summary>The interrupt stack of a double fault: it is good whatever has become of the others.</summary>
    private const int DoubleFaultStack = 1;

    // As in Linux on x86-64, idt.c: INT3 and INTO may be used by ring 3.
    private const uint ForRing3 = 1u << 3 | 1u << 4;

    // The vector, the error code and the CPU's frame: as many quadwords on the stack as words in a fault frame.
    private const int PushedWords = (FaultFrame.Size - FaultFrame.Vector) / sizeof(uint);

    private static readonly (int Offset, AssemblerRegister32 Register)[] Saved =
    [
        (PtRegs.Ebx, ebx), (PtRegs.Ecx, ecx), (PtRegs.Edx, edx), (PtRegs.Esi, esi), (PtRegs.Edi, edi), (PtRegs.Ebp, ebp), (PtRegs.Eax, eax),
    ];

    /// <summary>Appends the stubs and what they share.</summary>
    public static void Emit(TextSection text) => ExceptionStubs.EmitEach(text, text.Add(Report, EmitCommon));

    /// <summary>Points the gates of the exceptions at the stubs.</summary>
    public static void SetGates(Idt idt, TextSection text)
    {
        for (int vector = 0; vector < ExceptionStubs.Count; vector++)
        {
            idt[vector] = GateDescriptor.To(
                GateType.Interrupt,
                dpl: (ForRing3 >> vector & 1) != 0 ? 3 : 0,
                LongModeSelector.KernelCode,
                text.AddressOf(ExceptionStubs.NameOf(vector)),
                interruptStack: vector == ExceptionStubs.DoubleFault ? DoubleFaultStack : 0);
        }
    }

    /// <summary>Builds a <see cref="FaultFrame"/> below what is on the stack, and tells the monitor, which does not run the guest again.</summary>
    private static void EmitCommon(CodeUnit code)
    {
        Assembler c = code.Asm;
        c.sub(rsp, FaultFrame.Size);
        foreach ((int offset, AssemblerRegister32 register) in Saved)
        {
            c.mov(__dword_ptr[rsp + offset], register);
        }

        c.mov(eax, ds);
        c.mov(__dword_ptr[rsp + PtRegs.Ds], eax);
        c.mov(eax, es);
        c.mov(__dword_ptr[rsp + PtRegs.Es], eax);
        for (int word = 0; word < PushedWords; word++)
        {
            c.mov(eax, __dword_ptr[rsp + (FaultFrame.Size + (word * sizeof(ulong)))]);
            c.mov(__dword_ptr[rsp + (FaultFrame.Vector + (word * sizeof(uint)))], eax);
        }

        c.mov(eax, esp);
        c.mov(edx, MonitorPort.Fault);
        code.Define("report_fault");
        c.@out(dx, eax);
        c.jmp(code["report_fault"]);
    }
}
