// SPDX-License-Identifier: MIT

using Kvmsys.Native.Abi;

namespace Kvmsys.Native;

/// <summary>One statistic of <see cref="KvmStatistics"/>: what it counts and where its values lie.</summary>
public sealed class KvmStatistic
{
    private const uint TypeMask = 0x00f;
    private const uint UnitMask = 0x0f0;
    private const uint BaseMask = 0xf00;

    internal KvmStatistic(string name, in KvmStatsDesc descriptor)
    {
        Name = name;
        Type = (KvmStatsType)(descriptor.Flags & TypeMask);
        Unit = (KvmStatsUnit)(descriptor.Flags & UnitMask);
        Base = (KvmStatsBase)(descriptor.Flags & BaseMask);
        Exponent = descriptor.Exponent;
        FirstValue = checked((int)(descriptor.Offset / sizeof(ulong)));
        ValueCount = descriptor.Size;
        BucketSize = descriptor.BucketSize;
    }

    /// <summary>Name, for example exits.</summary>
    public string Name { get; }

    /// <summary>Whether it only grows, is a present value, a maximum or a histogram.</summary>
    public KvmStatsType Type { get; }

    /// <summary>What its values count.</summary>
    public KvmStatsUnit Unit { get; }

    /// <summary>Base of <see cref="Exponent"/>.</summary>
    public KvmStatsBase Base { get; }

    /// <summary>The unit is multiplied by the base to this power: -9 with base 10 and seconds is nanoseconds.</summary>
    public int Exponent { get; }

    /// <summary>Index of its first value among those that <see cref="KvmStatistics.Read"/> fills.</summary>
    public int FirstValue { get; }

    /// <summary>Number of values: more than 1 for a histogram.</summary>
    public int ValueCount { get; }

    /// <summary>Bucket width of a linear histogram.</summary>
    public uint BucketSize { get; }
}
