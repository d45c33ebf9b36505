// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>What kind of statistic a descriptor describes: KVM_STATS_TYPE_*.</summary>
public enum KvmStatsType : uint
{
    /// <summary>Only grows.</summary>
    Cumulative = 0x0,

    /// <summary>A present value.</summary>
    Instant = 0x1,

    /// <summary>A maximum so far.</summary>
    Peak = 0x2,

    /// <summary>A histogram with buckets of one width.</summary>
    LinearHist = 0x3,

    /// <summary>A histogram with buckets of powers of two.</summary>
    LogHist = 0x4,
}
