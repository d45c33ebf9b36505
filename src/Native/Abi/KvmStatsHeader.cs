// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Start of a statistics file: <c>struct kvm_stats_header</c>. Offsets are from the file's start, in bytes.</summary>
public struct KvmStatsHeader
{
    /// <summary>Reserved.</summary>
    public uint Flags;

    /// <summary>Bytes of each name, its terminating zeros included.</summary>
    public uint NameSize;

    /// <summary>Number of descriptors.</summary>
    public uint NumDesc;

    /// <summary>Where the identification string starts.</summary>
    public uint IdOffset;

    /// <summary>Where the descriptors start.</summary>
    public uint DescOffset;

    /// <summary>Where the values start.</summary>
    public uint DataOffset;
}
