// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Registers shared through the run page: <c>struct kvm_sync_regs</c>.</summary>
public struct KvmSyncRegs
{
    /// <summary>General-purpose registers.</summary>
    public KvmRegs Regs;

    /// <summary>Segment and control registers.</summary>
    public KvmSregs Sregs;

    /// <summary>Events in flight.</summary>
    public KvmVcpuEvents Events;
}
