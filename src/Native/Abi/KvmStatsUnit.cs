// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Unit of a statistic: KVM_STATS_UNIT_*.</summary>
public enum KvmStatsUnit : uint
{
    /// <summary>A count.</summary>
    None = 0x00,

    /// <summary>Bytes.</summary>
    Bytes = 0x10,

    /// <summary>Seconds.</summary>
    Seconds = 0x20,

    /// <summary>CPU cycles.</summary>
    Cycles = 0x30,

    /// <summary>0 or 1.</summary>
    Boolean = 0x40,
}
