// SPDX-License-Identifier: MIT

using Iced.Intel;
using Kvmsys.Guest.Assembly;
using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Descriptors;
using static Iced.Intel.AssemblerRegisters;

namespace Kvmsys.Guest.Kernel;

/// <summary>
/// A <see cref="Mitigation"/>'s instructions in the entries of the 64-bit kernel. They may change RAX and R8 to R10 alone: RCX, RDX and R11 have
/// what SYSRET and SYSEXIT need, and programs of this repository use no other register from R8 on.
/// </summary>
/// <param name="mitigation">The step.</param>
/// <param name="kernelPml4">CR3 in the kernel.</param>
/// <param name="userPml4">CR3 in the program.</param>
internal sealed class MitigationCode(Mitigation mitigation, uint kernelPml4, uint userPml4)
{
    private const uint Ibrs = 1;
    private const uint IndirectBranchPredictorBarrier = 1;

    // CR3, bit 63: what the TLB has of this identifier stays (SDM Vol. 3, 4.10.4.1).
    private const ulong NoFlush = 1UL << 63;
    private const uint UserContext = 1;

    // As many as Linux fills.
    private const int ReturnStackEntries = 32;

    /// <summary>What CR4 needs for it.</summary>
    public Cr4 Cr4 => mitigation switch
    {
        Mitigation.Cr3Global => Cr4.PageGlobalEnable,
        Mitigation.Cr3Pcid => Cr4.PcidEnable,
        _ => Cr4.None,
    };

    /// <summary>On the way in, before anything else.</summary>
    public void EmitEntry(CodeUnit code)
    {
        Assembler c = code.Asm;
        switch (mitigation)
        {
            case Mitigation.Swapgs:
                c.swapgs();
                break;
            case Mitigation.SwapgsLfence:
                c.swapgs();
                c.lfence();
                break;
            case Mitigation.Cr3 or Mitigation.Cr3Global:
                EmitLoadCr3(c, kernelPml4);
                break;
            case Mitigation.Cr3Pcid:
                EmitLoadCr3(c, kernelPml4 | NoFlush);
                break;
            case Mitigation.Ibrs:
                EmitWriteMsr(c, Msr.SpecCtrl, Ibrs);
                break;
            case Mitigation.Ibpb:
                EmitWriteMsr(c, Msr.PredCmd, IndirectBranchPredictorBarrier);
                break;
            case Mitigation.RsbStuffing:
                EmitStuffing(c);
                break;
            default:
                break;
        }
    }

    /// <summary>On the way out.</summary>
    public void EmitExit(CodeUnit code)
    {
        Assembler c = code.Asm;
        switch (mitigation)
        {
            case Mitigation.Swapgs or Mitigation.SwapgsLfence:
                c.swapgs();
                break;
            case Mitigation.Cr3 or Mitigation.Cr3Global:
                EmitLoadCr3(c, userPml4);
                break;
            case Mitigation.Cr3Pcid:
                EmitLoadCr3(c, userPml4 | UserContext | NoFlush);
                break;
            case Mitigation.Ibrs:
                EmitWriteMsr(c, Msr.SpecCtrl, 0);
                break;
            case Mitigation.Verw:
                // Only the form with a memory operand clears anything (SDM Vol. 2, VERW).
                c.verw(__word_ptr[code[VerwSelectorOf(code)]]);
                break;
            default:
                break;
        }
    }

    /// <summary>Behind the entry's last instruction.</summary>
    public void EmitData(CodeUnit code)
    {
        if (mitigation == Mitigation.Verw)
        {
            code.Define(VerwSelectorOf(code));
            code.Asm.dw((short)LongModeSelector.KernelData);
        }
    }

    /// <summary>Each entry has its own, within its reach.</summary>
    private static string VerwSelectorOf(CodeUnit code) => $"verw_selector_{code.Address:x}";

    private static void EmitLoadCr3(Assembler c, ulong value)
    {
        c.mov(rax, value);
        c.mov(cr3, rax);
    }

    private static void EmitWriteMsr(Assembler c, uint msr, uint value)
    {
        c.mov(r8, rcx);
        c.mov(r9, rdx);
        c.mov(ecx, msr);
        c.mov(eax, value);
        c.xor(edx, edx);
        c.wrmsr();
        c.mov(rcx, r8);
        c.mov(rdx, r9);
    }

    /// <summary>On whatever stack it is, where SYSCALL has left the program's: what is below its pointer is nobody's.</summary>
    private static void EmitStuffing(Assembler c)
    {
        for (int i = 0; i < ReturnStackEntries; i++)
        {
            Label next = c.CreateLabel();
            c.call(next);

            // Where a return goes that is predicted by this entry.
            c.int3();
            c.Label(ref next);
        }

        c.add(rsp, ReturnStackEntries * sizeof(ulong));
        c.lfence();
    }
}
