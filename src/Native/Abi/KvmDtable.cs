// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;

namespace Kvmsys.Native.Abi;

/// <summary>GDTR or IDTR: <c>struct kvm_dtable</c>.</summary>
public struct KvmDtable
{
    /// <summary>Linear base address.</summary>
    public ulong Base;

    /// <summary>Limit in bytes (size minus one).</summary>
    public ushort Limit;

    /// <summary>Padding, zero.</summary>
    public InlineArray3<ushort> Padding;
}
