// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;

namespace Kvmsys.Native.Abi;

/// <summary>x87 and SSE state: <c>struct kvm_fpu</c>, for KVM_GET_FPU and KVM_SET_FPU.</summary>
public struct KvmFpu
{
    /// <summary>Power-on x87 control word: all exceptions masked, extended precision (SDM Vol. 1, 8.1.5).</summary>
    public const ushort DefaultFcw = 0x37f;

    /// <summary>x87 registers, 16 bytes each.</summary>
    public InlineArray8<InlineArray2<ulong>> Fpr;

    /// <summary>x87 control word.</summary>
    public ushort Fcw;

    /// <summary>x87 status word.</summary>
    public ushort Fsw;

    /// <summary>x87 tag word in FXSAVE's abridged form.</summary>
    public byte Ftwx;

    /// <summary>Padding, zero.</summary>
    public byte Pad1;

    /// <summary>Last x87 opcode.</summary>
    public ushort LastOpcode;

    /// <summary>Last x87 instruction pointer.</summary>
    public ulong LastIp;

    /// <summary>Last x87 data pointer.</summary>
    public ulong LastDp;

    /// <summary>SSE registers, 16 bytes each.</summary>
    public InlineArray16<InlineArray2<ulong>> Xmm;

    /// <summary>SSE control and status. KVM on x86 transfers it neither way: use the XSAVE area.</summary>
    public uint Mxcsr;

    /// <summary>Padding, zero.</summary>
    public uint Pad2;
}
