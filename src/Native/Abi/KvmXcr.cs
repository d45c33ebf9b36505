// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>One extended control register: <c>struct kvm_xcr</c>.</summary>
public struct KvmXcr
{
    /// <summary>Number: 0 for XCR0.</summary>
    public uint Xcr;

    /// <summary>Reserved, zero.</summary>
    public uint Reserved;

    /// <summary>Value.</summary>
    public ulong Value;
}
