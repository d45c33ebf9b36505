// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Cpu;

/// <summary>Bits of CR4 that a guest uses (SDM Vol. 3, 2.5).</summary>
[Flags]
public enum Cr4 : ulong
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>PSE: pages of 4 MiB.</summary>
    PageSizeExtensions = 1u << 4,

    /// <summary>PAE: 64-bit page-table entries.</summary>
    PhysicalAddressExtension = 1u << 5,

    /// <summary>PGE: global pages stay in the TLB when CR3 is written.</summary>
    PageGlobalEnable = 1u << 7,

    /// <summary>OSFXSR: SSE instructions work.</summary>
    OsFxsr = 1u << 9,

    /// <summary>OSXMMEXCPT: SSE errors raise #XM.</summary>
    OsXmmExcpt = 1u << 10,

    /// <summary>PCIDE: process-context identifiers.</summary>
    PcidEnable = 1u << 17,

    /// <summary>FRED: events are delivered by it, and no longer by the IDT.</summary>
    Fred = 1ul << 32,
}
