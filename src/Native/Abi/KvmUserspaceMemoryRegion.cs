// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>A slot of guest-physical memory: <c>struct kvm_userspace_memory_region</c>.</summary>
public struct KvmUserspaceMemoryRegion
{
    /// <summary>Slot number.</summary>
    public uint Slot;

    /// <summary>Dirty logging, read-only.</summary>
    public KvmMemFlags Flags;

    /// <summary>First guest-physical address, page aligned.</summary>
    public ulong GuestPhysAddr;

    /// <summary>Size in bytes, whole pages; 0 deletes the slot.</summary>
    public ulong MemorySize;

    /// <summary>Host virtual address of the first byte, page aligned.</summary>
    public ulong UserspaceAddr;
}
