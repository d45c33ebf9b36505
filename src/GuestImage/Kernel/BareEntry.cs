// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Assembly;
using Kvmsys.Guest.Vsyscall;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Guest.Kernel;

/// <summary>The entries of the <see cref="KernelProfile.Bare"/> kernel: they answer getpid whatever is asked, and go back.</summary>
internal static class BareEntry
{
    /// <summary>Appends INT 0x80's handler.</summary>
    public static void EmitInt80(TextSection text, uint pid) => text.Add(I386Kernel.Int80Entry, code =>
    {
        code.Asm.mov(eax, pid);
        code.Asm.iretd();
    });

    /// <summary>Appends SYSENTER's handler for callers that come through the vsyscall page.</summary>
    public static void EmitSysenter(TextSection text, uint pid) => text.Add(I386Kernel.SysenterEntry, code =>
    {
        code.Asm.mov(eax, pid);
        code.Asm.mov(edx, VsyscallPage.SysenterReturn);
        code.Asm.mov(ecx, ebp);
        code.Asm.sysexit();
    });

    /// <summary>Appends SYSENTER's handler for callers that pass their return address in EDX and their stack pointer in ECX, as SYSEXIT wants them.</summary>
    public static void EmitSysenterByRegisters(TextSection text, uint pid) => text.Add(I386Kernel.SysenterEntryByRegisters, code =>
    {
        code.Asm.mov(eax, pid);
        code.Asm.sysexit();
    });
}
