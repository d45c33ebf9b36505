// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using Kvmsys.Guest.Descriptors;
using Kvmsys.Guest.Kernel;
using Kvmsys.Native.Abi;

namespace Kvmsys.Monitor.Machine;

/// <summary>The registers of the code that was interrupted, wherever they were found: on the vCPU, in an exception's frame, in a task's segment.</summary>
public sealed record GuestContext
{
    /// <summary>EAX.</summary>
    public uint Eax { get; init; }

    /// <summary>EBX.</summary>
    public uint Ebx { get; init; }

    /// <summary>ECX.</summary>
    public uint Ecx { get; init; }

    /// <summary>EDX.</summary>
    public uint Edx { get; init; }

    /// <summary>ESI.</summary>
    public uint Esi { get; init; }

    /// <summary>EDI.</summary>
    public uint Edi { get; init; }

    /// <summary>EBP.</summary>
    public uint Ebp { get; init; }

    /// <summary>ESP.</summary>
    public uint Esp { get; init; }

    /// <summary>EIP.</summary>
    public uint Eip { get; init; }

    /// <summary>EFLAGS.</summary>
    public uint Eflags { get; init; }

    /// <summary>CS.</summary>
    public ushort Cs { get; init; }

    /// <summary>SS; null where the CPU did not save it, because the ring did not change.</summary>
    public ushort? Ss { get; init; }

    /// <summary>The ring that the code ran in.</summary>
    public int Ring => Cs & 3;

    /// <summary>What the vCPU holds now.</summary>
    public static GuestContext Of(in KvmRegs regs, in KvmSregs sregs) => new()
    {
        Eax = (uint)regs.Rax,
        Ebx = (uint)regs.Rbx,
        Ecx = (uint)regs.Rcx,
        Edx = (uint)regs.Rdx,
        Esi = (uint)regs.Rsi,
        Edi = (uint)regs.Rdi,
        Ebp = (uint)regs.Rbp,
        Esp = (uint)regs.Rsp,
        Eip = (uint)regs.Rip,
        Eflags = (uint)regs.Rflags,
        Cs = sregs.Cs.Selector,
        Ss = sregs.Ss.Selector,
    };

    /// <summary>What a system call's entry saved.</summary>
    /// <param name="registers">A <see cref="PtRegs"/>.</param>
    public static GuestContext OfSystemCall(ReadOnlySpan<byte> registers) => new()
    {
        Eax = Word(registers, PtRegs.Eax),
        Ebx = Word(registers, PtRegs.Ebx),
        Ecx = Word(registers, PtRegs.Ecx),
        Edx = Word(registers, PtRegs.Edx),
        Esi = Word(registers, PtRegs.Esi),
        Edi = Word(registers, PtRegs.Edi),
        Ebp = Word(registers, PtRegs.Ebp),
        Esp = Word(registers, PtRegs.Esp),
        Eip = Word(registers, PtRegs.Eip),
        Eflags = Word(registers, PtRegs.Eflags),
        Cs = (ushort)Word(registers, PtRegs.Cs),
        Ss = (ushort)Word(registers, PtRegs.Ss),
    };

    /// <summary>What an exception saved.</summary>
    /// <param name="frame">A <see cref="FaultFrame"/>.</param>
    /// <param name="address">Where it lies: the stack pointer that the CPU has not saved is just above.</param>
    /// <param name="longMode">Whether the CPU saves the stack pointer even when the ring does not change, as it does in long mode.</param>
    public static GuestContext OfFrame(ReadOnlySpan<byte> frame, uint address, bool longMode)
    {
        ushort cs = (ushort)Word(frame, FaultFrame.Cs);
        bool hasStack = longMode || (cs & 3) == 3;
        return new GuestContext
        {
            Eax = Word(frame, PtRegs.Eax),
            Ebx = Word(frame, PtRegs.Ebx),
            Ecx = Word(frame, PtRegs.Ecx),
            Edx = Word(frame, PtRegs.Edx),
            Esi = Word(frame, PtRegs.Esi),
            Edi = Word(frame, PtRegs.Edi),
            Ebp = Word(frame, PtRegs.Ebp),
            Esp = hasStack ? Word(frame, FaultFrame.Esp) : address + FaultFrame.Esp,
            Eip = Word(frame, FaultFrame.Eip),
            Eflags = Word(frame, FaultFrame.Eflags),
            Cs = cs,
            Ss = hasStack ? (ushort)Word(frame, FaultFrame.Ss) : null,
        };
    }

    /// <summary>What a task switch saved.</summary>
    /// <param name="tss">The interrupted task's <see cref="Tss"/>.</param>
    public static GuestContext OfTask(ReadOnlySpan<byte> tss) => new()
    {
        Eax = Word(tss, Tss.Eax),
        Ebx = Word(tss, Tss.Ebx),
        Ecx = Word(tss, Tss.Ecx),
        Edx = Word(tss, Tss.Edx),
        Esi = Word(tss, Tss.Esi),
        Edi = Word(tss, Tss.Edi),
        Ebp = Word(tss, Tss.Ebp),
        Esp = Word(tss, Tss.Esp),
        Eip = Word(tss, Tss.Eip),
        Eflags = Word(tss, Tss.Eflags),
        Cs = (ushort)Word(tss, Tss.Cs),
        Ss = (ushort)Word(tss, Tss.Ss),
    };

    private static uint Word(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);
}
