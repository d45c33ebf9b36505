// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;

namespace Kvmsys.Native.Abi;

/// <summary>One CPUID leaf: <c>struct kvm_cpuid_entry2</c>.</summary>
public struct KvmCpuidEntry2
{
    /// <summary>Leaf: EAX on input.</summary>
    public uint Function;

    /// <summary>Subleaf: ECX on input, where <see cref="Flags"/> says that it matters.</summary>
    public uint Index;

    /// <summary>Whether the subleaf is significant.</summary>
    public KvmCpuidFlags Flags;

    /// <summary>EAX on output.</summary>
    public uint Eax;

    /// <summary>EBX on output.</summary>
    public uint Ebx;

    /// <summary>ECX on output.</summary>
    public uint Ecx;

    /// <summary>EDX on output.</summary>
    public uint Edx;

    /// <summary>Padding, zero.</summary>
    public InlineArray3<uint> Padding;
}
