// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>State of the vCPU in the run page's flags: KVM_RUN_X86_*.</summary>
[Flags]
public enum KvmRunFlags : ushort
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>In system-management mode.</summary>
    Smm = 1 << 0,

    /// <summary>A bus lock was detected.</summary>
    BusLock = 1 << 1,
}
