// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;

namespace Kvmsys.Native.Abi;

/// <summary>Argument of KVM_ENABLE_CAP: <c>struct kvm_enable_cap</c>.</summary>
public struct KvmEnableCap
{
    /// <summary>The capability.</summary>
    public KvmCapability Cap;

    /// <summary>Unused, zero.</summary>
    public uint Flags;

    /// <summary>Arguments, by capability.</summary>
    public InlineArray4<ulong> Args;

    /// <summary>Padding, zero.</summary>
    public InlineArray8<ulong> Pad;
}
