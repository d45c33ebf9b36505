// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Debugging of the guest by the monitor: <c>struct kvm_guest_debug</c>, for KVM_SET_GUEST_DEBUG.</summary>
public struct KvmGuestDebug
{
    /// <summary>What to enable.</summary>
    public KvmGuestDebugControl Control;

    /// <summary>Padding, zero.</summary>
    public uint Pad;

    /// <summary>Hardware breakpoints.</summary>
    public KvmGuestDebugArch Arch;
}
