// SPDX-License-Identifier: MIT

using Iced.Intel;
using Kvmsys.Guest.Assembly;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Paging;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Guest.Vsyscall;

/// <summary>
/// The page at 0xffffe000 through which programs enter the kernel by whatever way is the fastest on their CPU, as Linux 2.6.12 lays it out:
/// __kernel_vsyscall at 0x400, __kernel_sigreturn at 0x420, __kernel_rt_sigreturn at 0x440. The whole of it is a shared object, which tells
/// C libraries and debuggers what is there, and unwinders the way out of every instruction.
/// </summary>
public sealed class VsyscallPage
{
    /// <summary>Where programs call: __kernel_vsyscall, 0xffffe400.</summary>
    public const uint Entry = Base + EntryOffset;

    /// <summary>Where the kernel returns to after SYSENTER, which saves no return address: SYSENTER_RETURN, 0xffffe410.</summary>
    public const uint SysenterReturn = Entry + 0x10;

    private const uint Base = 0xffffe000;
    private const int EntryOffset = 0x400;
    private const int SigreturnOffset = 0x420;
    private const int RtSigreturnOffset = 0x440;

    private const int SyscallSigreturn = 119;
    private const int SyscallRtSigreturn = 173;
    private const int NopsAfterSysenter = 7;

    private VsyscallPage(VsyscallVariant variant, byte[] bytes, IReadOnlyList<Symbol> symbols, int entryLength)
    {
        Variant = variant;
        Bytes = bytes;
        Symbols = symbols;
        EntryLength = entryLength;
    }

    /// <summary>How the page enters the kernel.</summary>
    public VsyscallVariant Variant { get; }

    /// <summary>The page: linux-gate.so.1 with its section headers, then zeros.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>Bytes of the code at <see cref="Entry"/>.</summary>
    public int EntryLength { get; }

    /// <summary>Its entry points.</summary>
    public IReadOnlyList<Symbol> Symbols { get; }

    /// <summary>The variant that 2.6.12 chooses at boot: SYSENTER where the CPU really has it.</summary>
    public static VsyscallVariant Choose(CpuIdentity cpu)
    {
        ArgumentNullException.ThrowIfNull(cpu);
        return cpu.HasSysenter ? VsyscallVariant.Sysenter : VsyscallVariant.Int80;
    }

    /// <summary>Builds the page.</summary>
    public static VsyscallPage Build(VsyscallVariant variant)
    {
        List<Symbol> symbols = [];
        VsyscallRoutine entry = Assemble(
            EntryOffset,
            "__kernel_vsyscall",
            variant == VsyscallVariant.Sysenter ? EnterBySysenter : EnterByInt80);
        VsyscallRoutine sigreturn = Assemble(SigreturnOffset, "__kernel_sigreturn", code =>
        {
            code.Asm.pop(eax);
            code.Asm.mov(eax, SyscallSigreturn);
            code.Asm.@int(0x80);
        });
        VsyscallRoutine rtSigreturn = Assemble(RtSigreturnOffset, "__kernel_rt_sigreturn", code =>
        {
            code.Asm.mov(eax, SyscallRtSigreturn);
            code.Asm.@int(0x80);
        });
        byte[] bytes = new byte[PageTableBuilder.PageSize];
        LinuxGate.Build(variant, Base, entry, sigreturn, rtSigreturn).CopyTo(bytes, 0);
        return new VsyscallPage(variant, bytes, symbols, entry.Code.Length);

        VsyscallRoutine Assemble(int offset, string name, Action<CodeUnit> emit)
        {
            TextSection routine = new(Base + (uint)offset, capacity: TextSection.Alignment);
            routine.Add(name, emit);
            symbols.AddRange(routine.Symbols);
            return new VsyscallRoutine(name, routine.Address, routine.ToArray());
        }
    }

    private static void EnterByInt80(CodeUnit code)
    {
        code.Asm.@int(0x80);
        code.Asm.ret();
    }

    /// <summary>
    /// The registers that SYSEXIT destroys are saved on the user's stack, and the stack pointer is handed over in EBP. A system call that must
    /// be restarted goes back two bytes from SYSENTER_RETURN, onto the jump that enters again.
    /// </summary>
    private static void EnterBySysenter(CodeUnit code)
    {
        Assembler c = code.Asm;
        c.push(ecx);
        c.push(edx);
        c.push(ebp);
        code.Define("enter_kernel");

        // 89 e5, the encoding that the 2005 article shows; Iced's own choice for this instruction is 8b ec.
        c.AddInstruction(Instruction.Create(Code.Mov_rm32_r32, Register.EBP, Register.ESP));
        c.sysenter();
        for (int i = 0; i < NopsAfterSysenter; i++)
        {
            c.nop();
        }

        c.jmp(code["enter_kernel"]);
        code.Define("SYSENTER_RETURN");
        c.pop(ebp);
        c.pop(edx);
        c.pop(ecx);
        c.ret();
    }
}
