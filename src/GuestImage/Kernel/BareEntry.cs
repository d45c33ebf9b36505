// SPDX-License-Identifier: MIT

using Iced.Intel;
using Kvmsys.Guest.Assembly;
using Kvmsys.Guest.Vsyscall;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Guest.Kernel;

/// <summary>The entries of the <see cref="KernelProfile.Bare"/> kernel: they answer getpid whatever is asked, and go back.</summary>
internal static class BareEntry
{
    /// <summary>Symbol of the handler of an exception that a program raises on purpose.</summary>
    public const string SkipException = "skip_exception";

    /// <summary>Bytes of the instruction that raises it: UD2, and CMP EAX, [ESI].</summary>
    public const byte SkippedBytes = 2;

    /// <summary>
    /// Each entry by its way back, which belongs to the way in. SYSEXIT takes EIP from EDX and ESP from ECX: for callers that come through the
    /// vsyscall page the kernel sets them, others have passed them there. SYSRET takes EIP from ECX, where SYSCALL has left it, and the stack is
    /// the program's all the time (APM Vol. 3, SYSCALL).
    /// </summary>
    private static readonly (string Name, Action<Assembler> Return)[] Entries =
    [
        (I386Kernel.Int80Entry, c => c.iretd()),
        (I386Kernel.SysenterEntry, c =>
        {
            c.mov(edx, VsyscallPage.SysenterReturn);
            c.mov(ecx, ebp);
            c.sysexit();
        }),
        (I386Kernel.SysenterEntryByRegisters, c => c.sysexit()),
        (I386Kernel.SyscallEntry, c => c.AddInstruction(Instruction.Create(Code.Sysretd))),
        (I386Kernel.CallGateEntry, c => c.AddInstruction(Instruction.Create(Code.Retfd))),
    ];

    /// <summary>Appends the entries, each at the same offset in its cache line.</summary>
    public static void Emit(TextSection text, uint pid, int offset)
    {
        foreach ((string name, Action<Assembler> emitReturn) in Entries)
        {
            text.Add(
                name,
                code =>
                {
                    code.Asm.mov(eax, pid);
                    emitReturn(code.Asm);
                },
                offset);
        }
    }

    /// <summary>Appends the handler of an exception that a program raises on purpose: it goes on behind the instruction.</summary>
    /// <returns>Its address.</returns>
    public static uint EmitSkipException(TextSection text, uint pid, int vector, int offset) => text.Add(
        SkipException,
        code =>
        {
            if (vector == ExceptionStubs.PageFault)
            {
                code.Asm.add(esp, sizeof(uint));
            }

            code.Asm.mov(eax, pid);
            code.Asm.add(__dword_ptr[esp], SkippedBytes);
            code.Asm.iretd();
        },
        offset);
}
