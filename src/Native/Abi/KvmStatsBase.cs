// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Base of a statistic's exponent: KVM_STATS_BASE_*.</summary>
public enum KvmStatsBase : uint
{
    /// <summary>Powers of ten.</summary>
    Pow10 = 0x000,

    /// <summary>Powers of two.</summary>
    Pow2 = 0x100,
}
