// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Kernel;

/// <summary>
/// What a kernel may have to do on an entry because of what its CPU is vulnerable to, one step each, as Linux does it (Documentation/admin-guide/hw-vuln).
/// The 64-bit kernel here can be built with any one of them.
/// </summary>
public enum Mitigation
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>SWAPGS on the way in and out: no mitigation, but what the next one is about.</summary>
    Swapgs,

    /// <summary>The same, and LFENCE behind the first: Spectre v1, CVE-2019-1125.</summary>
    SwapgsLfence,

    /// <summary>Page tables of the kernel's own, CR3 written on the way in and out: Meltdown, on a CPU without process-context identifiers.</summary>
    Cr3,

    /// <summary>The same with the kernel's pages global, so that they stay in the TLB.</summary>
    Cr3Global,

    /// <summary>The same with a process-context identifier for each of the two page tables, so that all stays in the TLB.</summary>
    Cr3Pcid,

    /// <summary>IA32_SPEC_CTRL.IBRS set on the way in and cleared on the way out: Spectre v2, Retbleed.</summary>
    Ibrs,

    /// <summary>An indirect branch predictor barrier on the way in: Retbleed on AMD, with retbleed=ibpb.</summary>
    Ibpb,

    /// <summary>The return stack buffer filled with 32 harmless returns on the way in.</summary>
    RsbStuffing,

    /// <summary>VERW on the way out, which clears the CPU's buffers: MDS, TAA, RFDS.</summary>
    Verw,
}
