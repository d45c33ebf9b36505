// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>One model-specific register: <c>struct kvm_msr_entry</c>, for KVM_GET_MSRS and KVM_SET_MSRS.</summary>
public struct KvmMsrEntry
{
    /// <summary>An entry for the register <paramref name="index"/> that holds <paramref name="data"/>.</summary>
    public KvmMsrEntry(uint index, ulong data = 0)
    {
        Index = index;
        Data = data;
    }

    /// <summary>MSR number as in RDMSR's ECX.</summary>
    public uint Index;

    /// <summary>Reserved, zero.</summary>
    public uint Reserved;

    /// <summary>Value.</summary>
    public ulong Data;
}
