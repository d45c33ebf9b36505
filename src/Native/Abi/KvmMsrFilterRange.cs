// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>A run of model-specific registers in a filter: <c>struct kvm_msr_filter_range</c>.</summary>
public struct KvmMsrFilterRange
{
    /// <summary>Whether the bitmap speaks of reads, writes or both.</summary>
    public KvmMsrFilterAccess Flags;

    /// <summary>Number of registers.</summary>
    public uint Nmsrs;

    /// <summary>First register.</summary>
    public uint Base;

    /// <summary>Host address of the bitmap: a set bit allows, a clear bit denies.</summary>
    public nuint Bitmap;
}
