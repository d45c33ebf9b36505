// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>One statistic's description: <c>struct kvm_stats_desc</c>, which the name follows.</summary>
public struct KvmStatsDesc
{
    /// <summary>Type, unit and base: <see cref="KvmStatsType"/>, <see cref="KvmStatsUnit"/>, <see cref="KvmStatsBase"/>.</summary>
    public uint Flags;

    /// <summary>The unit is multiplied by the base to this power.</summary>
    public short Exponent;

    /// <summary>Number of 64-bit values.</summary>
    public ushort Size;

    /// <summary>Where the values start in the data block, in bytes.</summary>
    public uint Offset;

    /// <summary>Bucket width of a linear histogram.</summary>
    public uint BucketSize;
}
