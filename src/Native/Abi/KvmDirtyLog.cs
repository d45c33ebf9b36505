// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Argument of KVM_GET_DIRTY_LOG: <c>struct kvm_dirty_log</c>.</summary>
public struct KvmDirtyLog
{
    /// <summary>Slot number.</summary>
    public uint Slot;

    /// <summary>Padding, zero.</summary>
    public uint Padding1;

    /// <summary>Host address of the bitmap, one bit a page.</summary>
    public nuint DirtyBitmap;
}
