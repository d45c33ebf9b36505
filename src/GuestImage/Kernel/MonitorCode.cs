// SPDX-License-Identifier: MIT

using Iced.Intel;
using Kvmsys.Guest.Assembly;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Guest.Kernel;

/// <summary>The kernel's side of <see cref="MonitorPort"/>: how it asks, how it reports, and how it takes what the monitor leaves.</summary>
internal static class MonitorCode
{
    /// <summary>Symbol of a system call that the monitor answers.</summary>
    public const string SystemCall = "sys_monitor";

    /// <summary>Symbol of the routine that writes the monitor's <see cref="PageTableUpdates"/>.</summary>
    public const string ApplyUpdates = "apply_page_table_updates";

    /// <summary>Appends the routines.</summary>
    public static void Emit(TextSection text)
    {
        uint applyUpdates = text.Add(ApplyUpdates, EmitApplyUpdates);

        // Called through sys_call_table, with the saved registers above the return address. The answer is left among them.
        text.Add(SystemCall, code =>
        {
            Assembler c = code.Asm;
            c.lea(eax, __[esp + sizeof(uint)]);
            c.mov(edx, MonitorPort.SystemCall);
            c.@out(dx, eax);
            c.call(applyUpdates);
            c.mov(eax, __dword_ptr[esp + sizeof(uint) + PtRegs.Eax]);
            c.ret();
        });
    }

    /// <summary>Writes a value to a port. The monitor does not run the guest again; should it, the guest reports again.</summary>
    public static void EmitReport(CodeUnit code, ushort port, uint value)
    {
        string again = $"report_to_port_{port:x}";
        code.Asm.mov(eax, value);
        code.Asm.mov(edx, port);
        code.Define(again);
        code.Asm.@out(dx, eax);
        code.Asm.jmp(code[again]);
    }

    /// <summary>Changes EAX, ECX and EDX, as a C function may. What the TLB holds of the old entries goes by loading CR3.</summary>
    private static void EmitApplyUpdates(CodeUnit code)
    {
        const uint updates = KernelLayout.PageTableUpdates;
        Assembler c = code.Asm;
        c.mov(ecx, __dword_ptr[updates + PageTableUpdates.Count]);
        c.test(ecx, ecx);
        c.je(code["updates_applied"]);
        code.Define("apply_update");
        c.mov(eax, __dword_ptr[(ecx * PageTableUpdates.EntrySize) + (updates + PageTableUpdates.Entries - PageTableUpdates.EntrySize)]);
        c.mov(edx, __dword_ptr[(ecx * PageTableUpdates.EntrySize) + (updates + PageTableUpdates.Entries - sizeof(uint))]);
        c.mov(__dword_ptr[eax], edx);
        c.dec(ecx);
        c.jne(code["apply_update"]);
        c.mov(__dword_ptr[updates + PageTableUpdates.Count], ecx);
        c.cmp(__dword_ptr[updates + PageTableUpdates.More], ecx);
        c.je(code["flush_tlb"]);
        c.mov(edx, MonitorPort.MoreUpdates);
        c.@out(dx, eax);
        c.mov(ecx, __dword_ptr[updates + PageTableUpdates.Count]);
        c.jmp(code["apply_update"]);
        code.Define("flush_tlb");
        c.mov(eax, cr3);
        c.mov(cr3, eax);
        code.Define("updates_applied");
        c.ret();
    }
}
