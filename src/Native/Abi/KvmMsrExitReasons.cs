// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Which refused MSR accesses exit to user space, and why one did: KVM_MSR_EXIT_REASON_*.</summary>
[Flags]
public enum KvmMsrExitReasons : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The value or the privilege is invalid.</summary>
    Inval = 1 << 0,

    /// <summary>KVM does not know the register.</summary>
    Unknown = 1 << 1,

    /// <summary>The filter denies the access.</summary>
    Filter = 1 << 2,
}
