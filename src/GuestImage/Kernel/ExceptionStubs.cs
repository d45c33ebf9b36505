// SPDX-License-Identifier: MIT

using Iced.Intel;
using Kvmsys.Guest.Assembly;
using Kvmsys.Guest.Descriptors;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Guest.Kernel;

/// <summary>
/// A handler for each exception. A page fault on an instruction that may touch a bad user address goes on where the exception table says;
/// anything else is reported to the monitor, from ring 3 and from ring 0 alike, so that no fault ends in a silent triple fault.
/// </summary>
internal static class ExceptionStubs
{
    /// <summary>Vectors 0 to 31 belong to the CPU (SDM Vol. 3, table 6-1).</summary>
    public const int Count = 32;

    private const int DoubleFault = 8;
    private const int PageFault = 14;

    // Exceptions for which the CPU pushes an error code: #DF, #TS, #NP, #SS, #GP, #PF, #AC, #CP, #VC, #SX.
    private const uint PushesErrorCode = 1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 17 | 1u << 21 | 1u << 29 | 1u << 30;

    // As in 2.6.12's trap_init: a debug exception, an NMI, a breakpoint and a page fault are handled with interrupts disabled, and INT3,
    // INTO and BOUND may be used by ring 3.
    private const uint ByInterruptGate = 1u << 1 | 1u << 2 | 1u << 3 | 1u << 14;
    private const uint ForRing3 = 1u << 3 | 1u << 4 | 1u << 5;

    /// <summary>The symbol of a vector's stub.</summary>
    private static string NameOf(int vector) => $"exception_{vector}";

    /// <summary>Appends the stubs and what they share.</summary>
    public static void Emit(TextSection text)
    {
        text.Add("double_fault", DoubleFaultTask);
        uint common = text.Add("exception_common", Common);
        text.Add("exception_stubs", code =>
        {
            for (int vector = 0; vector < Count; vector++)
            {
                code.Define(NameOf(vector));
                if ((PushesErrorCode >> vector & 1) == 0)
                {
                    code.Asm.push(0);
                }

                code.Asm.push(vector);
                code.Asm.jmp(common);
            }
        });
    }

    /// <summary>Points the gates of the exceptions at the stubs; a double fault gets a task of its own, whose stack is always good.</summary>
    public static void SetGates(Idt idt, TextSection text)
    {
        for (int vector = 0; vector < Count; vector++)
        {
            GateType type = (ByInterruptGate >> vector & 1) != 0 ? GateType.Interrupt : GateType.Trap;
            int dpl = (ForRing3 >> vector & 1) != 0 ? 3 : 0;
            idt[vector] = vector == DoubleFault
                ? GateDescriptor.ToTask(Selector.DoubleFaultTss)
                : GateDescriptor.To(type, dpl, Selector.KernelCode, text.AddressOf(NameOf(vector)));
        }
    }

    private static void Common(CodeUnit code)
    {
        Assembler c = code.Asm;
        LinuxStack.SaveAll(c);

        // A fault in ring 0 at an instruction of the exception table is a bad user address.
        c.cmp(__dword_ptr[esp + FaultFrame.Vector], PageFault);
        c.jne(code["report_fault"]);
        c.test(__byte_ptr[esp + FaultFrame.Cs], 3);
        c.jne(code["report_fault"]);
        c.mov(edx, __dword_ptr[esp + FaultFrame.Eip]);
        c.mov(esi, KernelLayout.ExceptionTable);
        code.Define("search_exception_table");
        c.mov(eax, __dword_ptr[esi]);
        c.test(eax, eax);
        c.je(code["report_fault"]);
        c.cmp(eax, edx);
        c.je(code["fixup_exception"]);
        c.add(esi, 2 * sizeof(uint));
        c.jmp(code["search_exception_table"]);

        code.Define("fixup_exception");
        c.mov(eax, __dword_ptr[esi + sizeof(uint)]);
        c.mov(__dword_ptr[esp + FaultFrame.Eip], eax);
        LinuxStack.RestoreRegisters(c);
        c.add(esp, FaultFrame.Eip - FaultFrame.Vector);
        c.iretd();

        code.Define("report_fault");
        c.mov(eax, esp);
        Report(code, MonitorPort.Fault);
    }

    private static void DoubleFaultTask(CodeUnit code)
    {
        code.Asm.mov(eax, KernelLayout.Tss);
        Report(code, MonitorPort.DoubleFault);
    }

    /// <summary>Writes EAX to a port. The monitor does not run the guest again; should it, the guest reports again.</summary>
    private static void Report(CodeUnit code, ushort port)
    {
        string again = $"report_to_port_{port:x}";
        code.Asm.mov(edx, port);
        code.Define(again);
        code.Asm.@out(dx, eax);
        code.Asm.jmp(code[again]);
    }
}
