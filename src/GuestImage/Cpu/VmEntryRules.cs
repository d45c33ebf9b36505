// SPDX-License-Identifier: MIT

using System.Collections.Immutable;

namespace Kvmsys.Guest.Cpu;

/// <summary>
/// The checks of the SDM, Vol. 3C, 26.3.1, on a guest's segments, descriptor tables, control registers and flags, as they are for a
/// CPU without unrestricted guest, which is the strictest. A state that breaks one ends in KVM_EXIT_FAIL_ENTRY 0x80000021, or in an emulation
/// that hides the fault and is slow.
/// </summary>
/// <remarks>
/// They are for a guest that is not in virtual-8086 mode. KVM has a guest enter IA-32e mode when EFER.LMA is 1, so that one cannot contradict
/// the other; and what would be wrong with RIP's or CR3's high half, a state here has not. Activity state, interruptibility and pending debug exceptions
/// (26.3.1.5) are KVM's own to set, not an image's; the bits of CR4 and EFER that a CPU reserves are refused by KVM_SET_SREGS.
/// </remarks>
public static class VmEntryRules
{
    private const string ControlRegisters = "26.3.1.1";
    private const string Segments = "26.3.1.2";
    private const string DescriptorTables = "26.3.1.3";
    private const string Flags = "26.3.1.4";
    private const string PageDirectoryPointers = "26.3.1.6";

    private const Cr0 FixedTo1 = Cr0.ProtectionEnable | Cr0.NumericError | Cr0.Paging;
    private const Cr0 Defined0 = FixedTo1 | Cr0.MonitorCoprocessor | Cr0.Emulation | Cr0.TaskSwitched | Cr0.ExtensionType | Cr0.WriteProtect
        | Cr0.AlignmentMask | Cr0.NotWriteThrough | Cr0.CacheDisable;

    // Bits 22 to 31, 15, 5 and 3.
    private const uint ReservedFlags = 0xffc08028;

    private static readonly (string Name, Func<CpuState, SegmentRegister> Of)[] DataSegments =
    [
        ("DS", state => state.Ds), ("ES", state => state.Es), ("FS", state => state.Fs), ("GS", state => state.Gs),
    ];

    /// <summary>Every rule.</summary>
    public static ImmutableArray<VmEntryRule> All { get; } =
    [
        new(ControlRegisters, "CR0.PE, CR0.NE and CR0.PG are 1", state => (state.Cr0 & FixedTo1) == FixedTo1),
        new(ControlRegisters, "CR0's reserved bits are 0", state => (state.Cr0 & ~Defined0) == 0),
        new(ControlRegisters, "CR4.PCIDE is 0 outside IA-32e mode", state => IsIa32e(state) || !state.Cr4.HasFlag(Cr4.PcidEnable)),
        new(ControlRegisters, "CR4.FRED is 0 outside IA-32e mode", state => IsIa32e(state) || !state.Cr4.HasFlag(Cr4.Fred)),
        new(ControlRegisters, "CR4.PAE is 1 in IA-32e mode", state => !IsIa32e(state) || state.Cr4.HasFlag(Cr4.PhysicalAddressExtension)),
        new(ControlRegisters, "SYSENTER_ESP is canonical", state => IsCanonical(state.MsrOrNull(Msr.SysenterEsp) ?? 0)),
        new(ControlRegisters, "SYSENTER_EIP is canonical", state => IsCanonical(state.MsrOrNull(Msr.SysenterEip) ?? 0)),
        new(ControlRegisters, "EFER.LME equals EFER.LMA while CR0.PG is 1", state => !state.Cr0.HasFlag(Cr0.Paging)
            || state.Efer.HasFlag(Efer.LongModeEnable) == state.Efer.HasFlag(Efer.LongModeActive)),

        new(Segments, "TR is usable", state => !state.Tr.Unusable),
        new(Segments, "TR's selector is in the GDT", state => !state.Tr.InLocalTable),
        new(Segments, "TR's base is canonical", state => IsCanonical(state.Tr.Base)),
        new(Segments, "TR's type is a busy TSS (3 or 11)", state => state.Tr.Type is 3 or 11),
        new(Segments, "TR's type is a 64-bit busy TSS (11) in IA-32e mode", state => !IsIa32e(state) || state.Tr.Type != 3),
        new(Segments, "TR is a system segment", state => !state.Tr.CodeOrData),
        new(Segments, "TR is present", state => state.Tr.Present),
        new(Segments, "TR's granularity fits its limit", state => GranularityFits(state.Tr)),

        new(Segments, "LDTR's selector is in the GDT", state => state.Ldtr.Unusable || !state.Ldtr.InLocalTable),
        new(Segments, "LDTR's base is canonical", state => state.Ldtr.Unusable || IsCanonical(state.Ldtr.Base)),
        new(Segments, "LDTR's type is an LDT (2)", state => state.Ldtr.Unusable || state.Ldtr.Type == 2),
        new(Segments, "LDTR is a system segment", state => state.Ldtr.Unusable || !state.Ldtr.CodeOrData),
        new(Segments, "LDTR is present", state => state.Ldtr.Unusable || state.Ldtr.Present),
        new(Segments, "LDTR's granularity fits its limit", state => state.Ldtr.Unusable || GranularityFits(state.Ldtr)),

        new(Segments, "CS's type is accessed code (9, 11, 13 or 15)", state => state.Cs.Type is 9 or 11 or 13 or 15),
        new(Segments, "CS is code or data", state => state.Cs.CodeOrData),
        new(Segments, "CS is present", state => state.Cs.Present),
        new(Segments, "CS's base is below 4 GiB", state => IsBelow4GiB(state.Cs.Base)),
        new(Segments, "CS's granularity fits its limit", state => GranularityFits(state.Cs)),
        new(Segments, "CS.D is 0 where CS.L is 1 in IA-32e mode", state => !IsIa32e(state) || !state.Cs.LongMode || !state.Cs.Big),
        new(Segments, "CS.DPL equals SS.DPL for non-conforming code", state => state.Cs.Type is not (9 or 11) || state.Cs.Dpl == state.Ss.Dpl),
        new(Segments, "CS.DPL is at most SS.DPL for conforming code", state => state.Cs.Type is not (13 or 15) || state.Cs.Dpl <= state.Ss.Dpl),

        new(Segments, "SS.RPL equals CS.RPL", state => state.Ss.Rpl == state.Cs.Rpl),
        new(Segments, "SS.DPL equals SS.RPL", state => state.Ss.Dpl == state.Ss.Rpl),
        new(Segments, "SS's type is writable accessed data (3 or 7)", state => state.Ss.Unusable || state.Ss.Type is 3 or 7),
        new(Segments, "SS is code or data", state => state.Ss.Unusable || state.Ss.CodeOrData),
        new(Segments, "SS is present", state => state.Ss.Unusable || state.Ss.Present),
        new(Segments, "SS's base is below 4 GiB", state => state.Ss.Unusable || IsBelow4GiB(state.Ss.Base)),
        new(Segments, "SS's granularity fits its limit", state => state.Ss.Unusable || GranularityFits(state.Ss)),

        .. DataSegments.SelectMany(segment => DataSegment(segment.Name, segment.Of)),

        new(Segments, "DS's base is below 4 GiB", state => state.Ds.Unusable || IsBelow4GiB(state.Ds.Base)),
        new(Segments, "ES's base is below 4 GiB", state => state.Es.Unusable || IsBelow4GiB(state.Es.Base)),
        new(Segments, "FS's base is canonical", state => IsCanonical(state.Fs.Base)),
        new(Segments, "GS's base is canonical", state => IsCanonical(state.Gs.Base)),

        new(DescriptorTables, "GDTR's base is canonical", state => IsCanonical(state.Gdtr.Base)),
        new(DescriptorTables, "IDTR's base is canonical", state => IsCanonical(state.Idtr.Base)),
        new(DescriptorTables, "GDTR's limit has 16 bits", state => state.Gdtr.Limit <= ushort.MaxValue),
        new(DescriptorTables, "IDTR's limit has 16 bits", state => state.Idtr.Limit <= ushort.MaxValue),

        new(Flags, "EFLAGS bit 1 is 1", state => state.Eflags.HasFlag(Eflags.Fixed)),
        new(Flags, "EFLAGS' reserved bits are 0", state => ((uint)state.Eflags & ReservedFlags) == 0),
        new(Flags, "EFLAGS.VM is 0", state => !state.Eflags.HasFlag(Eflags.Virtual8086)),

        new(PageDirectoryPointers, "PAE is off outside IA-32e mode: an image has no page-directory pointers", state => IsIa32e(state) || !state.Cr4.HasFlag(Cr4.PhysicalAddressExtension)),
    ];

    /// <summary>The rules that a state breaks.</summary>
    public static IEnumerable<VmEntryRule> BrokenBy(CpuState state) => All.Where(rule => !rule.Holds(state));

    private static IEnumerable<VmEntryRule> DataSegment(string name, Func<CpuState, SegmentRegister> of) =>
    [
        new(Segments, $"{name}'s type is accessed", state => of(state).Unusable || (of(state).Type & 1) != 0),
        new(Segments, $"{name}'s type is readable if it is code", state => of(state).Unusable || (of(state).Type & 8) == 0 || (of(state).Type & 2) != 0),
        new(Segments, $"{name} is code or data", state => of(state).Unusable || of(state).CodeOrData),
        new(Segments, $"{name} is present", state => of(state).Unusable || of(state).Present),
        new(Segments, $"{name}.DPL is at least {name}.RPL unless it is conforming code", state => of(state).Unusable || of(state).Type > 11 || of(state).Dpl >= of(state).Rpl),
        new(Segments, $"{name}'s granularity fits its limit", state => of(state).Unusable || GranularityFits(of(state))),
    ];

    private static bool IsIa32e(CpuState state) => state.Efer.HasFlag(Efer.LongModeActive);

    /// <summary>G must be 0 when one of the limit's low 12 bits is 0, and 1 when one of its high 12 bits is 1.</summary>
    private static bool GranularityFits(SegmentRegister segment) => segment.Granular
        ? (segment.Limit & 0xfff) == 0xfff
        : segment.Limit >> 20 == 0;

    private static bool IsBelow4GiB(ulong address) => address <= uint.MaxValue;

    /// <summary>Bits 63 to 47 are alike (SDM Vol. 1, 3.3.7.1).</summary>
    private static bool IsCanonical(ulong address) => (long)address >> 47 is 0 or -1;
}
