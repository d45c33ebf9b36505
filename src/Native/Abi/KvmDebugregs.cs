// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;

namespace Kvmsys.Native.Abi;

/// <summary>The guest's own debug registers: <c>struct kvm_debugregs</c>.</summary>
public struct KvmDebugregs
{
    /// <summary>DR0 to DR3: linear breakpoint addresses.</summary>
    public InlineArray4<ulong> Db;

    /// <summary>DR6.</summary>
    public ulong Dr6;

    /// <summary>DR7.</summary>
    public ulong Dr7;

    /// <summary>Unused, zero.</summary>
    public ulong Flags;

    /// <summary>Reserved, zero.</summary>
    public InlineArray9<ulong> Reserved;
}
