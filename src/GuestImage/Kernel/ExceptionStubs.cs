// SPDX-License-Identifier: MIT

using Iced.Intel;
using Kvmsys.Guest.Assembly;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Descriptors;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Guest.Kernel;

/// <summary>
/// A handler for each exception. The monitor may map a page that is missing; an exception in ring 0 at an instruction that a program can make
/// fault goes on where the exception table says; anything else is reported, from ring 3 and from ring 0 alike, so that no fault ends
/// in a silent triple fault. A monitor that has made a signal of it runs the guest on, and the program goes on from the frame.
/// </summary>
internal static class ExceptionStubs
{
    /// <summary>Vectors 0 to 31 belong to the CPU (SDM Vol. 3, table 6-1).</summary>
    public const int Count = 32;

    /// <summary>The vector of an exception that could not be delivered.</summary>
    public const int DoubleFault = 8;

    /// <summary>The vector of a page that is not there, or not to be used so.</summary>
    public const int PageFault = 14;

    private const int Debug = 1;

    private const string Return = "return_from_exception";

    // Exceptions for which the CPU pushes an error code: #DF, #TS, #NP, #SS, #GP, #PF, #AC, #CP, #VC, #SX.
    private const uint PushesErrorCode = 1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 17 | 1u << 21 | 1u << 29 | 1u << 30;

    // As in 2.6.12's trap_init: a debug exception, an NMI, a breakpoint and a page fault are handled with interrupts disabled, and INT3,
    // INTO and BOUND may be used by ring 3.
    private const uint ByInterruptGate = 1u << 1 | 1u << 2 | 1u << 3 | 1u << 14;
    private const uint ForRing3 = 1u << 3 | 1u << 4 | 1u << 5;

    /// <summary>What the exceptions' own way back contributes to the exception table.</summary>
    public static IEnumerable<(string Instruction, string Fixup)> Exceptions => LinuxStack.Exceptions(Return);

    /// <summary>The symbol of a vector's stub.</summary>
    public static string NameOf(int vector) => $"exception_{vector}";

    /// <summary>Appends the stubs and what they share.</summary>
    public static void Emit(TextSection text)
    {
        text.Add("double_fault", code => MonitorCode.EmitReport(code, MonitorPort.DoubleFault, KernelLayout.Tss));
        text.Add(LinuxStack.BadReturn, code => MonitorCode.EmitReport(code, MonitorPort.BadReturn, 0));
        uint common = text.Add("exception_common", code => EmitCommon(code, text.AddressOf(MonitorCode.ApplyUpdates)));
        EmitEach(text, common);
    }

    /// <summary>Appends a stub for each exception: it pushes an error code where the CPU has not, and the vector, each as wide as the stack.</summary>
    /// <param name="text">32-bit or 64-bit code.</param>
    /// <param name="common">Where they go on.</param>
    public static void EmitEach(TextSection text, uint common) => text.Add("exception_stubs", code =>
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

    private static void EmitCommon(CodeUnit code, uint applyUpdates)
    {
        Assembler c = code.Asm;
        LinuxStack.SaveAll(c);
        c.cmp(__dword_ptr[esp + FaultFrame.Vector], PageFault);
        c.jne(code["no_page_fault"]);

        // Linux maps a page when it is first touched; here the monitor does, if the program has one there.
        c.mov(eax, cr2);
        c.mov(__dword_ptr[KernelLayout.TaskStruct + TaskStruct.Cr2], eax);
        EmitTell(c, MonitorPort.PageFault, applyUpdates);
        c.cmp(__dword_ptr[esp + FaultFrame.Vector], unchecked((int)FaultFrame.Handled));
        c.je(code[Return]);

        code.Define("no_page_fault");
        c.test(__byte_ptr[esp + FaultFrame.Cs], 3);
        c.jne(code["report_fault"]);
        c.cmp(__dword_ptr[esp + FaultFrame.Vector], Debug);
        c.je(code["single_step_in_kernel"]);
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
        c.jmp(code[Return]);

        // SYSENTER leaves the trap flag set, so that its first instruction in ring 0 traps, on the small stack that it starts on. The flag
        // comes back when the program goes on (SDM Vol. 2, SYSENTER; Linux 2.6.12, do_debug).
        code.Define("single_step_in_kernel");
        c.or(__dword_ptr[KernelLayout.ThreadUnion + ThreadInfo.Flags], ThreadInfo.SingleStep);
        c.and(__dword_ptr[esp + FaultFrame.Eflags], ~(uint)Eflags.Trap);
        c.jmp(code[Return]);

        code.Define("report_fault");
        EmitTell(c, MonitorPort.Fault, applyUpdates);

        code.Define(Return);
        LinuxStack.EmitReturn(code, Return, FaultFrame.Eip - FaultFrame.Vector);
    }

    private static void EmitTell(Assembler c, ushort port, uint applyUpdates)
    {
        c.mov(eax, esp);
        c.mov(edx, port);
        c.@out(dx, eax);
        c.call(applyUpdates);
    }
}
