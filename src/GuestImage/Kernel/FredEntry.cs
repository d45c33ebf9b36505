// SPDX-License-Identifier: MIT

using Iced.Intel;
using Kvmsys.Guest.Assembly;
using Kvmsys.Guest.Programs;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Guest.Kernel;

/// <summary>
/// The two entries of a 64-bit kernel with FRED, through which every event comes: out of ring 3 at the start of a page, and out of ring 0 256
/// bytes behind it (Intel, Flexible Return and Event Delivery, specification 346446, 5.1; Linux, arch/x86/entry/entry_64_fred.S).
/// </summary>
/// <remarks>
/// Which event it is, the hardware does not decide by an address, as with the IDT and LSTAR, but the kernel by what is in the frame. That belongs to
/// what the hardware needs to come back, and is done in the least way: one comparison with the event that the program is for.
/// </remarks>
internal static class FredEntry
{
    /// <summary>Symbol of the entry out of ring 3, under Linux's name.</summary>
    public const string User = "asm_fred_entrypoint_user";

    /// <summary>Symbol of the entry out of ring 0, under Linux's name.</summary>
    public const string Kernel = "asm_fred_entrypoint_kernel";

    /// <summary>From the one to the other, in bytes.</summary>
    public const uint KernelOffset = 256;

    /// <summary>The entry out of ring 3: it answers the program's event, makes its monitor calls, and reports all else.</summary>
    /// <param name="program">The program.</param>
    /// <param name="pid">The answer.</param>
    /// <param name="report">Where the report of an exception begins, with its vector on top of the stack.</param>
    public static TextSection EmitUser(GuestProgram program, uint pid, uint report)
    {
        TextSection text = new(KernelLayout.FredEntries, KernelOffset, bitness: 64);
        text.Add(User, code =>
        {
            Assembler c = code.Asm;
            c.cmp(__byte_ptr[rsp + FredFrame.Vector], (uint)VectorOf(program));
            c.jne(code["other_event"]);
            c.mov(eax, pid);
            if (program.SkippedException is not null)
            {
                c.add(__qword_ptr[rsp + FredFrame.Rip], BareEntry.SkippedBytes);
            }

            c.eretu();

            code.Define("other_event");
            c.cmp(__byte_ptr[rsp + FredFrame.Vector], (uint)I386Kernel.MonitorVector);
            c.jne(code["unexpected_event"]);
            c.push(rdx);
            c.mov(edx, MonitorPort.Call);
            c.@out(dx, eax);
            c.pop(rdx);
            c.eretu();

            code.Define("unexpected_event");
            EmitReport(c, report);
        });
        return text;
    }

    /// <summary>The entry out of ring 0, where nothing is expected.</summary>
    /// <param name="report">As of <see cref="EmitUser"/>.</param>
    public static TextSection EmitKernel(uint report)
    {
        TextSection text = new(KernelLayout.FredEntries + KernelOffset, KernelOffset, bitness: 64);
        text.Add(Kernel, code => EmitReport(code.Asm, report));
        return text;
    }

    private static int VectorOf(GuestProgram program) =>
        program.SkippedException ?? (program.NeedsSyscall ? FredFrame.SyscallVector : I386Kernel.SyscallVector);

    /// <summary>Makes of the frame what the IDT's stubs make of theirs: it lies the same, but for the vector and what is above CS and SS.</summary>
    private static void EmitReport(Assembler c, uint report)
    {
        const uint selector = 0xffff;
        c.and(__dword_ptr[rsp + FredFrame.Cs], selector);
        c.and(__dword_ptr[rsp + FredFrame.Ss], selector);
        c.push(rax);
        c.movzx(eax, __byte_ptr[rsp + (FredFrame.Vector + sizeof(ulong))]);
        c.xchg(__qword_ptr[rsp], rax);
        c.jmp(report);
    }
}
