// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Multiprocessing state of a vCPU on x86: KVM_MP_STATE_*, the one field of <c>struct kvm_mp_state</c>.</summary>
public enum KvmMpState : uint
{
    /// <summary>Runs.</summary>
    Runnable = 0,

    /// <summary>An application processor that has not received INIT.</summary>
    Uninitialized = 1,

    /// <summary>INIT received, waits for a startup IPI.</summary>
    InitReceived = 2,

    /// <summary>Executed HLT with the in-kernel interrupt controller.</summary>
    Halted = 3,

    /// <summary>Startup IPI received.</summary>
    SipiReceived = 4,

    /// <summary>Waits after an AP reset hold (SEV-ES).</summary>
    ApResetHold = 9,
}
