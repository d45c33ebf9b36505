// SPDX-License-Identifier: MIT

using Iced.Intel;
using Kvmsys.Guest.Descriptors;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Guest.Kernel;

/// <summary>How 2.6.12's entries save and restore registers on the kernel's stack, in the order of <see cref="PtRegs"/>.</summary>
internal static class LinuxStack
{
    private static readonly AssemblerRegister32[] Saved = [ebx, ecx, edx, esi, edi, ebp, eax];

    /// <summary>SAVE_ALL: everything below the system call's number, and the user's data segment for the kernel to work with.</summary>
    public static void SaveAll(Assembler c)
    {
        c.cld();
        c.push(es);
        c.push(ds);
        foreach (AssemblerRegister32 register in Enumerable.Reverse(Saved))
        {
            c.push(register);
        }

        c.mov(edx, Selector.UserData);
        c.mov(ds, edx);
        c.mov(es, edx);
    }

    /// <summary>RESTORE_REGS: everything that <see cref="SaveAll"/> saved.</summary>
    public static void RestoreRegisters(Assembler c)
    {
        foreach (AssemblerRegister32 register in Saved)
        {
            c.pop(register);
        }

        c.pop(ds);
        c.pop(es);
    }
}
