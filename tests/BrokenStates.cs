// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Descriptors;

namespace Kvmsys.Tests;

/// <summary>
/// Each rule of <see cref="VmEntryRules"/> broken on purpose, in a guest's state that is otherwise good: one test asks the rules, another
/// a KVM on Intel's checks.
/// </summary>
internal static class BrokenStates
{
    private static readonly SegmentRegister Ldt = new() { Type = 2, Present = true, Limit = 7 };
    private static readonly SegmentRegister Data = new Gdt(tss: 0, doubleFaultTss: 0).LoadSegment(Selector.UserData);

    /// <summary>A rule's text, and a state that breaks it. Rules that forbid the same thing twice break together.</summary>
    public static IReadOnlyDictionary<string, Func<CpuState, CpuState>> ByRule { get; } = new Dictionary<string, Func<CpuState, CpuState>>
    {
        ["CR0.PE, CR0.NE and CR0.PG are 1"] = state => state with { Cr0 = state.Cr0 & ~Cr0.NumericError },
        ["CR0's reserved bits are 0"] = state => state with { Cr0 = state.Cr0 | (Cr0)(1 << 20) },
        ["CR4.PCIDE is 0 outside IA-32e mode"] = state => state with { Cr4 = state.Cr4 | Cr4.PcidEnable },
        ["CR4.FRED is 0 outside IA-32e mode"] = state => state with { Cr4 = state.Cr4 | Cr4.Fred },
        ["SYSENTER_ESP is canonical"] = state => WithMsr(state, Msr.SysenterEsp, 0x0000800000000000),
        ["SYSENTER_EIP is canonical"] = state => WithMsr(state, Msr.SysenterEip, 0x8000000000000000),
        ["CR4.PAE is 1 in IA-32e mode"] = state => InIa32eMode(state) with { Cr4 = state.Cr4 },
        ["EFER.LME equals EFER.LMA while CR0.PG is 1"] = state => state with { Efer = Efer.LongModeEnable },
        ["TR is usable"] = state => state with { Tr = state.Tr with { Unusable = true } },
        ["TR's selector is in the GDT"] = state => state with { Tr = state.Tr with { Selector = 0x84 } },
        ["TR's base is canonical"] = state => state with { Tr = state.Tr with { Base = 0x0000800000000000 } },
        ["TR's type is a busy TSS (3 or 11)"] = state => state with { Tr = state.Tr with { Type = 9 } },
        ["TR's type is a 64-bit busy TSS (11) in IA-32e mode"] = state => InIa32eMode(state) with { Tr = state.Tr with { Type = 3 } },
        ["TR is a system segment"] = state => state with { Tr = state.Tr with { CodeOrData = true } },
        ["TR is present"] = state => state with { Tr = state.Tr with { Present = false } },
        ["TR's granularity fits its limit"] = state => state with { Tr = state.Tr with { Granular = true } },
        ["LDTR's selector is in the GDT"] = state => state with { Ldtr = Ldt with { Selector = 0x8c } },
        ["LDTR's base is canonical"] = state => state with { Ldtr = Ldt with { Base = 0x0001000000000000 } },
        ["LDTR's type is an LDT (2)"] = state => state with { Ldtr = Ldt with { Type = 0 } },
        ["LDTR is a system segment"] = state => state with { Ldtr = Ldt with { CodeOrData = true } },
        ["LDTR is present"] = state => state with { Ldtr = Ldt with { Present = false } },
        ["LDTR's granularity fits its limit"] = state => state with { Ldtr = Ldt with { Limit = 0xffffff } },
        ["CS's type is accessed code (9, 11, 13 or 15)"] = state => state with { Cs = state.Cs with { Type = 10 } },
        ["CS is code or data"] = state => state with { Cs = state.Cs with { CodeOrData = false } },
        ["CS is present"] = state => state with { Cs = state.Cs with { Present = false } },
        ["CS's base is below 4 GiB"] = state => state with { Cs = state.Cs with { Base = 0x100000000 } },
        ["CS's granularity fits its limit"] = state => state with { Cs = state.Cs with { Granular = false } },
        ["CS.D is 0 where CS.L is 1 in IA-32e mode"] = state => InIa32eMode(state) with { Cs = state.Cs with { LongMode = true } },
        ["CS.DPL equals SS.DPL for non-conforming code"] = state => state with { Cs = state.Cs with { Dpl = 3 } },
        ["CS.DPL is at most SS.DPL for conforming code"] = state => state with { Cs = state.Cs with { Type = 15, Dpl = 3 } },
        ["SS.RPL equals CS.RPL"] = state => state with { Cs = state.Cs with { Selector = 0x63 } },
        ["SS.DPL equals SS.RPL"] = state => state with { Ss = state.Ss with { Dpl = 1 }, Cs = state.Cs with { Dpl = 1 } },
        ["SS's type is writable accessed data (3 or 7)"] = state => state with { Ss = state.Ss with { Type = 1 } },
        ["SS is code or data"] = state => state with { Ss = state.Ss with { CodeOrData = false } },
        ["SS is present"] = state => state with { Ss = state.Ss with { Present = false } },
        ["SS's base is below 4 GiB"] = state => state with { Ss = state.Ss with { Base = 0x100000000 } },
        ["SS's granularity fits its limit"] = state => state with { Ss = state.Ss with { Limit = 0xffff0000 } },
        ["DS's type is accessed"] = state => state with { Ds = Data with { Type = 2 } },
        ["DS's type is readable if it is code"] = state => state with { Ds = Data with { Type = 9 } },
        ["DS is code or data"] = state => state with { Ds = Data with { CodeOrData = false } },
        ["DS is present"] = state => state with { Ds = Data with { Present = false } },
        ["DS.DPL is at least DS.RPL unless it is conforming code"] = state => state with { Ds = Data with { Dpl = 0 } },
        ["DS's granularity fits its limit"] = state => state with { Ds = Data with { Granular = false } },
        ["ES's type is accessed"] = state => state with { Es = Data with { Type = 2 } },
        ["ES's type is readable if it is code"] = state => state with { Es = Data with { Type = 9 } },
        ["ES is code or data"] = state => state with { Es = Data with { CodeOrData = false } },
        ["ES is present"] = state => state with { Es = Data with { Present = false } },
        ["ES.DPL is at least ES.RPL unless it is conforming code"] = state => state with { Es = Data with { Dpl = 0 } },
        ["ES's granularity fits its limit"] = state => state with { Es = Data with { Granular = false } },
        ["FS's type is accessed"] = state => state with { Fs = Data with { Type = 2 } },
        ["FS's type is readable if it is code"] = state => state with { Fs = Data with { Type = 9 } },
        ["FS is code or data"] = state => state with { Fs = Data with { CodeOrData = false } },
        ["FS is present"] = state => state with { Fs = Data with { Present = false } },
        ["FS.DPL is at least FS.RPL unless it is conforming code"] = state => state with { Fs = Data with { Dpl = 0 } },
        ["FS's granularity fits its limit"] = state => state with { Fs = Data with { Granular = false } },
        ["GS's type is accessed"] = state => state with { Gs = Data with { Type = 2 } },
        ["GS's type is readable if it is code"] = state => state with { Gs = Data with { Type = 9 } },
        ["GS is code or data"] = state => state with { Gs = Data with { CodeOrData = false } },
        ["GS is present"] = state => state with { Gs = Data with { Present = false } },
        ["GS.DPL is at least GS.RPL unless it is conforming code"] = state => state with { Gs = Data with { Dpl = 0 } },
        ["GS's granularity fits its limit"] = state => state with { Gs = Data with { Granular = false } },
        ["DS's base is below 4 GiB"] = state => state with { Ds = Data with { Base = 0x100000000 } },
        ["ES's base is below 4 GiB"] = state => state with { Es = Data with { Base = 0x100000000 } },
        ["FS's base is canonical"] = state => state with { Fs = state.Fs with { Base = 0x0000800000000000 } },
        ["GS's base is canonical"] = state => state with { Gs = state.Gs with { Base = 0xffff7fffffffffff } },
        ["GDTR's base is canonical"] = state => state with { Gdtr = state.Gdtr with { Base = 0x0000800000000000 } },
        ["IDTR's base is canonical"] = state => state with { Idtr = state.Idtr with { Base = 0x0000800000000000 } },
        ["GDTR's limit has 16 bits"] = state => state with { Gdtr = state.Gdtr with { Limit = 0x10000 } },
        ["IDTR's limit has 16 bits"] = state => state with { Idtr = state.Idtr with { Limit = 0x10000 } },
        ["EFLAGS bit 1 is 1"] = state => state with { Eflags = Eflags.None },
        ["EFLAGS' reserved bits are 0"] = state => state with { Eflags = state.Eflags | (Eflags)(1 << 15) },
        ["EFLAGS.VM is 0"] = state => state with { Eflags = state.Eflags | Eflags.Virtual8086 },
        ["PAE is off outside IA-32e mode: an image has no page-directory pointers"] = state => state with { Cr4 = state.Cr4 | Cr4.PhysicalAddressExtension },
    };

    /// <summary>Where the rules are concerned a 32-bit guest's state is a good one of IA-32e mode too: its code then runs in compatibility mode.</summary>
    private static CpuState InIa32eMode(CpuState state) => state with
    {
        Efer = Efer.LongModeActive | Efer.LongModeEnable,
        Cr4 = state.Cr4 | Cr4.PhysicalAddressExtension,
    };

    private static CpuState WithMsr(CpuState state, uint index, ulong value) => state with
    {
        Msrs = [.. state.Msrs.Select(msr => msr.Index == index ? msr with { Value = value } : msr)],
    };
}
