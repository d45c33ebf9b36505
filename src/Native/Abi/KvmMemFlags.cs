// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Flags of a memory slot: KVM_MEM_*.</summary>
[Flags]
public enum KvmMemFlags : uint
{
    /// <summary>Plain read-write memory.</summary>
    None = 0,

    /// <summary>Record which pages the guest writes.</summary>
    LogDirtyPages = 1 << 0,

    /// <summary>A guest write exits as MMIO.</summary>
    Readonly = 1 << 1,
}
