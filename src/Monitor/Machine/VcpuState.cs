// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Cpu;
using Kvmsys.Native.Abi;

namespace Kvmsys.Monitor.Machine;

/// <summary>An image's CPU state as KVM's structures, and back.</summary>
internal static class VcpuState
{
    /// <summary>The general-purpose registers.</summary>
    public static KvmRegs ToRegs(CpuState state) => new() { Rip = state.Eip, Rsp = state.Esp, Rflags = (ulong)state.Eflags };

    /// <summary>The segment and control registers, over what the vCPU has: KVM's own fields such as APIC_BASE stay.</summary>
    public static KvmSregs ToSregs(CpuState state, KvmSregs sregs)
    {
        sregs.Cs = ToSegment(state.Cs);
        sregs.Ss = ToSegment(state.Ss);
        sregs.Ds = ToSegment(state.Ds);
        sregs.Es = ToSegment(state.Es);
        sregs.Fs = ToSegment(state.Fs);
        sregs.Gs = ToSegment(state.Gs);
        sregs.Tr = ToSegment(state.Tr);
        sregs.Ldt = ToSegment(state.Ldtr);
        sregs.Gdt = ToTable(state.Gdtr);
        sregs.Idt = ToTable(state.Idtr);
        sregs.Cr0 = (ulong)state.Cr0;
        sregs.Cr3 = state.Cr3;
        sregs.Cr4 = (ulong)state.Cr4;
        sregs.Efer = (ulong)state.Efer;
        return sregs;
    }

    /// <summary>The model-specific registers.</summary>
    public static KvmMsrEntry[] ToMsrs(CpuState state) => [.. state.Msrs.Select(msr => new KvmMsrEntry(msr.Index, msr.Value))];

    /// <summary>What a vCPU holds, as an image's state, to be held against <see cref="VmEntryRules"/>.</summary>
    public static CpuState FromVcpu(in KvmRegs regs, in KvmSregs sregs, ReadOnlySpan<KvmMsrEntry> msrs)
    {
        MsrValue[] values = new MsrValue[msrs.Length];
        for (int i = 0; i < msrs.Length; i++)
        {
            values[i] = new(msrs[i].Index, msrs[i].Data);
        }

        return new CpuState
        {
            Cs = FromSegment(sregs.Cs),
            Ss = FromSegment(sregs.Ss),
            Ds = FromSegment(sregs.Ds),
            Es = FromSegment(sregs.Es),
            Fs = FromSegment(sregs.Fs),
            Gs = FromSegment(sregs.Gs),
            Tr = FromSegment(sregs.Tr),
            Ldtr = FromSegment(sregs.Ldt),
            Gdtr = new(sregs.Gdt.Base, sregs.Gdt.Limit),
            Idtr = new(sregs.Idt.Base, sregs.Idt.Limit),
            Cr0 = (Cr0)sregs.Cr0,
            Cr3 = (uint)sregs.Cr3,
            Cr4 = (Cr4)sregs.Cr4,
            Efer = (Efer)sregs.Efer,
            Eip = (uint)regs.Rip,
            Esp = (uint)regs.Rsp,
            Eflags = (Eflags)regs.Rflags,
            Msrs = [.. values],
        };
    }

    /// <summary>A segment register.</summary>
    public static KvmSegment ToSegment(SegmentRegister segment) => new()
    {
        Base = segment.Base,
        Limit = segment.Limit,
        Selector = segment.Selector,
        Type = segment.Type,
        Present = Bit(segment.Present),
        Dpl = segment.Dpl,
        Db = Bit(segment.Big),
        S = Bit(segment.CodeOrData),
        L = Bit(segment.LongMode),
        G = Bit(segment.Granular),
        Avl = Bit(segment.Available),
        Unusable = Bit(segment.Unusable),
    };

    private static SegmentRegister FromSegment(in KvmSegment segment) => new()
    {
        Base = segment.Base,
        Limit = segment.Limit,
        Selector = segment.Selector,
        Type = segment.Type,
        Present = segment.Present != 0,
        Dpl = segment.Dpl,
        Big = segment.Db != 0,
        CodeOrData = segment.S != 0,
        LongMode = segment.L != 0,
        Granular = segment.G != 0,
        Available = segment.Avl != 0,
        Unusable = segment.Unusable != 0,
    };

    private static KvmDtable ToTable(DescriptorTableRegister table) => new() { Base = table.Base, Limit = (ushort)table.Limit };

    private static byte Bit(bool value) => value ? (byte)1 : (byte)0;
}
