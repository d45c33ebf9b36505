// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Cpu;

/// <summary>What a CPU has of what a kernel's entry may use (SDM Vol. 2, CPUID; APM Vol. 3, appendix E).</summary>
[Flags]
public enum CpuFeatures
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>PCID: process-context identifiers; leaf 1, ECX bit 17.</summary>
    Pcid = 1 << 0,

    /// <summary>IBRS: leaf 7, EDX bit 26; on AMD leaf 0x80000008, EBX bit 14.</summary>
    Ibrs = 1 << 1,

    /// <summary>IBPB: leaf 7, EDX bit 26; on AMD leaf 0x80000008, EBX bit 12.</summary>
    Ibpb = 1 << 2,

    /// <summary>MD_CLEAR: VERW clears buffers; leaf 7, EDX bit 10.</summary>
    MdClear = 1 << 3,

    /// <summary>FRED: flexible return and event delivery; leaf 7, subleaf 1, EAX bit 17.</summary>
    Fred = 1 << 4,
}
