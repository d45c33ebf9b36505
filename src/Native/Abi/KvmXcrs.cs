// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;

namespace Kvmsys.Native.Abi;

/// <summary>Extended control registers: <c>struct kvm_xcrs</c>.</summary>
public struct KvmXcrs
{
    /// <summary>How many of <see cref="Xcrs"/> are valid.</summary>
    public uint NrXcrs;

    /// <summary>Unused, zero.</summary>
    public uint Flags;

    /// <summary>The registers.</summary>
    public InlineArray16<KvmXcr> Xcrs;

    /// <summary>Padding, zero.</summary>
    public InlineArray16<ulong> Padding;
}
