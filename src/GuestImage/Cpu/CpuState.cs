// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using Kvmsys.Guest.Paging;

namespace Kvmsys.Guest.Cpu;

/// <summary>The CPU's state when the guest starts. General-purpose registers other than ESP are zero.</summary>
public sealed record CpuState
{
    /// <summary>CS.</summary>
    public SegmentRegister Cs { get; init; }

    /// <summary>SS.</summary>
    public SegmentRegister Ss { get; init; }

    /// <summary>DS.</summary>
    public SegmentRegister Ds { get; init; }

    /// <summary>ES.</summary>
    public SegmentRegister Es { get; init; }

    /// <summary>FS.</summary>
    public SegmentRegister Fs { get; init; }

    /// <summary>GS.</summary>
    public SegmentRegister Gs { get; init; }

    /// <summary>TR.</summary>
    public SegmentRegister Tr { get; init; }

    /// <summary>LDTR.</summary>
    public SegmentRegister Ldtr { get; init; }

    /// <summary>GDTR.</summary>
    public DescriptorTableRegister Gdtr { get; init; }

    /// <summary>IDTR.</summary>
    public DescriptorTableRegister Idtr { get; init; }

    /// <summary>CR0.</summary>
    public Cr0 Cr0 { get; init; }

    /// <summary>CR3: guest-physical address of the first level's page table.</summary>
    public uint Cr3 { get; init; }

    /// <summary>The page tables that the CPU walks when CR0.PG is set.</summary>
    public PageTableRoot PageTables => PageTableRoot.Of(Cr3, Efer);

    /// <summary>CR4.</summary>
    public Cr4 Cr4 { get; init; }

    /// <summary>IA32_EFER.</summary>
    public Efer Efer { get; init; }

    /// <summary>EIP, or RIP: every guest's code lies below 4 GiB.</summary>
    public uint Eip { get; init; }

    /// <summary>ESP, or RSP.</summary>
    public uint Esp { get; init; }

    /// <summary>EFLAGS.</summary>
    public Eflags Eflags { get; init; } = Eflags.Fixed;

    /// <summary>Model-specific registers to set, in order.</summary>
    public ImmutableArray<MsrValue> Msrs { get; init; } = [];

    /// <summary>The value that a model-specific register is given, or null where the image leaves it alone.</summary>
    public ulong? MsrOrNull(uint index)
    {
        foreach (MsrValue msr in Msrs)
        {
            if (msr.Index == index)
            {
                return msr.Value;
            }
        }

        return null;
    }
}
