// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Why KVM gave up: KVM_INTERNAL_ERROR_*.</summary>
public enum KvmInternalError : uint
{
    /// <summary>An instruction that KVM had to emulate and cannot.</summary>
    Emulation = 1,

    /// <summary>Unexpected simultaneous exceptions.</summary>
    SimulEx = 2,

    /// <summary>An unexpected VM exit while an event was being delivered.</summary>
    DeliveryEv = 3,

    /// <summary>A VM-exit reason that KVM does not expect.</summary>
    UnexpectedExitReason = 4,
}
