// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Argument of KVM_CLEAR_DIRTY_LOG: <c>struct kvm_clear_dirty_log</c>.</summary>
public struct KvmClearDirtyLog
{
    /// <summary>Slot number.</summary>
    public uint Slot;

    /// <summary>Number of pages, a multiple of 64 or up to the slot's end.</summary>
    public uint NumPages;

    /// <summary>First page in the slot, a multiple of 64.</summary>
    public ulong FirstPage;

    /// <summary>Host address of the bitmap, one bit a page; set bits are cleared and write-protected again.</summary>
    public nuint DirtyBitmap;
}
