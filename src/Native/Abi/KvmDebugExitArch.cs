// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Detail of KVM_EXIT_DEBUG: <c>struct kvm_debug_exit_arch</c>.</summary>
public struct KvmDebugExitArch
{
    /// <summary>Vector: 1 for #DB, 3 for #BP.</summary>
    public uint Exception;

    /// <summary>Padding.</summary>
    public uint Pad;

    /// <summary>Linear address of the instruction.</summary>
    public ulong Pc;

    /// <summary>DR6 as the exception would set it.</summary>
    public ulong Dr6;

    /// <summary>DR7.</summary>
    public ulong Dr7;
}
