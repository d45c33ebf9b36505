// SPDX-License-Identifier: MIT

using Iced.Intel;
using Kvmsys.Guest.Assembly;
using Kvmsys.Guest.Descriptors;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Guest.Kernel;

/// <summary>How 2.6.12's entries save and restore registers on the kernel's stack, in the order of <see cref="PtRegs"/>.</summary>
internal static class LinuxStack
{
    /// <summary>Symbol of what happens when IRET cannot return to the program.</summary>
    public const string BadReturn = "bad_return";

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

    /// <summary>
    /// RESTORE_ALL: everything that <see cref="SaveAll"/> saved, and IRET. A program can make its own segments invalid while it is in the
    /// kernel: a data segment is then replaced by the null selector, and a bad code or stack segment is the program's end.
    /// </summary>
    /// <param name="code">Where to.</param>
    /// <param name="name">Prefix of the labels for <see cref="Exceptions"/>.</param>
    /// <param name="skip">Bytes between ES and EIP.</param>
    public static void EmitReturn(CodeUnit code, string name, int skip)
    {
        Assembler c = code.Asm;
        foreach (AssemblerRegister32 register in Saved)
        {
            c.pop(register);
        }

        code.Define($"{name}_pop_ds");
        c.pop(ds);
        code.Define($"{name}_pop_es");
        c.pop(es);
        c.add(esp, skip);
        code.Define($"{name}_iret");
        c.iretd();

        code.Define($"{name}_null_ds");
        c.mov(__dword_ptr[esp], 0);
        c.jmp(code[$"{name}_pop_ds"]);
        code.Define($"{name}_null_es");
        c.mov(__dword_ptr[esp], 0);
        c.jmp(code[$"{name}_pop_es"]);
    }

    /// <summary>The instructions of <see cref="EmitReturn"/> that may fault, and where each goes on.</summary>
    public static IEnumerable<(string Instruction, string Fixup)> Exceptions(string name) =>
    [
        ($"{name}_pop_ds", $"{name}_null_ds"),
        ($"{name}_pop_es", $"{name}_null_es"),
        ($"{name}_iret", BadReturn),
    ];
}
