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

    private const string CallGateEntry = "call_gate_entry";

    /// <summary>Appends INT 0x80's handler.</summary>
    public static void EmitInt80(TextSection text, uint pid, int offset) => text.Add(
        I386Kernel.Int80Entry,
        code =>
        {
            code.Asm.mov(eax, pid);
            code.Asm.iretd();
        },
        offset);

    /// <summary>Appends SYSENTER's handler for callers that come through the vsyscall page.</summary>
    public static void EmitSysenter(TextSection text, uint pid, int offset) => text.Add(
        I386Kernel.SysenterEntry,
        code =>
        {
            code.Asm.mov(eax, pid);
            code.Asm.mov(edx, VsyscallPage.SysenterReturn);
            code.Asm.mov(ecx, ebp);
            code.Asm.sysexit();
        },
        offset);

    /// <summary>Appends SYSENTER's handler for callers that pass their return address in EDX and their stack pointer in ECX, as SYSEXIT wants them.</summary>
    public static void EmitSysenterByRegisters(TextSection text, uint pid, int offset) => text.Add(
        I386Kernel.SysenterEntryByRegisters,
        code =>
        {
            code.Asm.mov(eax, pid);
            code.Asm.sysexit();
        },
        offset);

    /// <summary>Appends the handler of SYSCALL, which has left the return address in ECX and the stack as it was (APM Vol. 3, SYSCALL).</summary>
    /// <returns>Its address.</returns>
    public static uint EmitSyscall(TextSection text, uint pid, int offset) => text.Add(
        I386Kernel.SyscallEntry,
        code =>
        {
            code.Asm.mov(eax, pid);
            code.Asm.AddInstruction(Instruction.Create(Code.Sysretd));
        },
        offset);

    /// <summary>Appends the routine behind the call gate.</summary>
    /// <returns>Its address.</returns>
    public static uint EmitCallGate(TextSection text, uint pid, int offset) => text.Add(
        CallGateEntry,
        code =>
        {
            code.Asm.mov(eax, pid);
            code.Asm.AddInstruction(Instruction.Create(Code.Retfd));
        },
        offset);

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
