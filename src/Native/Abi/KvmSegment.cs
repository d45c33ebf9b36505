// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>One segment register with its hidden part: <c>struct kvm_segment</c>.</summary>
public struct KvmSegment
{
    /// <summary>Linear base address.</summary>
    public ulong Base;

    /// <summary>Limit in bytes, already scaled by the granularity bit.</summary>
    public uint Limit;

    /// <summary>Selector.</summary>
    public ushort Selector;

    /// <summary>Four-bit segment type (SDM Vol. 3, 3.4.5.1 and 3.5).</summary>
    public byte Type;

    /// <summary>P: 1 when present.</summary>
    public byte Present;

    /// <summary>Descriptor privilege level, 0 to 3.</summary>
    public byte Dpl;

    /// <summary>D/B: 1 for a 32-bit segment.</summary>
    public byte Db;

    /// <summary>S: 1 for code or data, 0 for a system segment.</summary>
    public byte S;

    /// <summary>L: 1 for 64-bit code.</summary>
    public byte L;

    /// <summary>G: 1 when the descriptor's limit counts 4 KiB units.</summary>
    public byte G;

    /// <summary>AVL: free for software.</summary>
    public byte Avl;

    /// <summary>1 when VT-x must treat the register as unusable (SDM Vol. 3, 26.3.1.2).</summary>
    public byte Unusable;

    /// <summary>Padding, zero.</summary>
    public byte Padding;
}
