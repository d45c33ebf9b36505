// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Elf;
using static Kvmsys.Guest.Elf.CallFrameRule;
using static Kvmsys.Guest.Elf.I386DwarfRegister;

namespace Kvmsys.Guest.Vsyscall;

/// <summary>How to unwind from every instruction of the page.</summary>
internal static class VsyscallFrames
{
    // struct sigcontext of i386, as the kernel leaves it on the stack of a signal's handler.
    private const int SigcontextEsp = 0x1c;

    // From ESP to struct sigcontext when the handler has returned: past the signal's number, or past that, two pointers, siginfo and the
    // head of ucontext.
    private const int SigreturnContext = 0x4;
    private const int RtSigreturnContext = 0xa0;

    // An unwinder looks a return address up by the byte before it. The handler's is the first byte of the routine, so the frame begins
    // earlier.
    private const uint Lead = 1;

    // POP EAX, which takes the signal's number off the stack.
    private const uint PopLength = 1;

    private static readonly (I386DwarfRegister Register, int Offset)[] Sigcontext =
    [
        (Eax, 0x2c),
        (Ecx, 0x28),
        (Edx, 0x24),
        (Ebx, 0x20),
        (Ebp, 0x18),
        (Esi, 0x14),
        (Edi, 0x10),
        (Eip, 0x38),
    ];

    /// <summary>A called routine's first instruction: the return address is on top of the stack.</summary>
    private static readonly CallFrameRule[] Called = [Cfa(Esp, 4), Saved(Eip, 4)];

    /// <summary>What the three pushes and the three pops of the SYSENTER variant change, each from the instruction behind it on.</summary>
    private static readonly CallFrameRow[] SysenterRows =
    [
        new(0x01, CfaOffset(8), Saved(Ecx, 8)),
        new(0x02, CfaOffset(12), Saved(Edx, 12)),
        new(0x03, CfaOffset(16), Saved(Ebp, 16)),
        new(0x11, CfaOffset(12), Restored(Ebp)),
        new(0x12, CfaOffset(8), Restored(Edx)),
        new(0x13, CfaOffset(4), Restored(Ecx)),
    ];

    /// <summary>The table of a page with these routines.</summary>
    public static CallFrameTable Of(VsyscallVariant variant, VsyscallRoutine entry, VsyscallRoutine sigreturn, VsyscallRoutine rtSigreturn)
    {
        // INT 0x80 leaves the stack and all registers but EAX alone.
        CallFrameRow[] entryRows = variant == VsyscallVariant.Sysenter ? SysenterRows : [];
        return new CallFrameTable(
            new CallFrameGroup(Called, [new(entry.Address, (uint)entry.Code.Length, entryRows)]),
            new CallFrameGroup(
                [],
                [
                    AfterHandler(
                        sigreturn,
                        new(0, Interrupted(SigreturnContext)),
                        new(Lead + PopLength, Interrupted(SigreturnContext - Word))),
                    AfterHandler(rtSigreturn, new CallFrameRow(0, Interrupted(RtSigreturnContext))),
                ]));
    }

    private static CallFrame AfterHandler(VsyscallRoutine routine, params CallFrameRow[] rows) =>
        new(routine.Address - Lead, Lead + (uint)routine.Code.Length, rows);

    /// <summary>The caller of a signal's return is what the signal interrupted, and its registers are in struct sigcontext.</summary>
    /// <param name="context">Bytes from ESP to struct sigcontext.</param>
    private static CallFrameRule[] Interrupted(int context) =>
    [
        CfaInMemory(Esp, context + SigcontextEsp),
        .. Sigcontext.Select(saved => SavedAt(saved.Register, Esp, context + saved.Offset)),
    ];
}
