// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Register classes shared through the run page: KVM_SYNC_X86_*.</summary>
[Flags]
public enum KvmSyncRegisters : ulong
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>General-purpose registers.</summary>
    Regs = 1 << 0,

    /// <summary>Segment and control registers.</summary>
    Sregs = 1 << 1,

    /// <summary>Events in flight.</summary>
    Events = 1 << 2,
}
