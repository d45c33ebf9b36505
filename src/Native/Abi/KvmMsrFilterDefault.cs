// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>What a filter says of registers outside its ranges: KVM_MSR_FILTER_DEFAULT_*.</summary>
public enum KvmMsrFilterDefault : uint
{
    /// <summary>They are allowed.</summary>
    Allow = 0,

    /// <summary>They are denied.</summary>
    Deny = 1,
}
