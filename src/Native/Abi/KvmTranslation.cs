// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>A linear address walked by KVM with the vCPU's present page tables: <c>struct kvm_translation</c>.</summary>
public struct KvmTranslation
{
    /// <summary>Linear address asked for.</summary>
    public ulong LinearAddress;

    /// <summary>Physical address found.</summary>
    public ulong PhysicalAddress;

    /// <summary>1 when the address is mapped.</summary>
    public byte Valid;

    /// <summary>KVM always answers 1.</summary>
    public byte Writeable;

    /// <summary>KVM always answers 0.</summary>
    public byte Usermode;

    /// <summary>Padding.</summary>
    public Padding5 Pad;

    /// <summary>Five padding bytes.</summary>
    [System.Runtime.CompilerServices.InlineArray(5)]
    public struct Padding5
    {
        private byte _element;
    }
}
