// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Accesses that a filter range speaks of: KVM_MSR_FILTER_READ and KVM_MSR_FILTER_WRITE.</summary>
[Flags]
public enum KvmMsrFilterAccess : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>RDMSR.</summary>
    Read = 1 << 0,

    /// <summary>WRMSR.</summary>
    Write = 1 << 1,
}
