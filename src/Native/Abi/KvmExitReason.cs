// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Why KVM_RUN returned, as far as x86 can see it: KVM_EXIT_*. A newer kernel may give others; they print as a number.</summary>
public enum KvmExitReason : uint
{
    /// <summary>An exit that KVM does not know; the hardware's reason is given.</summary>
    Unknown = 0,

    /// <summary>An exception.</summary>
    Exception = 1,

    /// <summary>Port I/O.</summary>
    Io = 2,

    /// <summary>A hypercall that user space handles.</summary>
    Hypercall = 3,

    /// <summary>A breakpoint or single step of KVM_SET_GUEST_DEBUG.</summary>
    Debug = 4,

    /// <summary>HLT without an in-kernel interrupt controller.</summary>
    Hlt = 5,

    /// <summary>An access to a guest-physical address that no slot backs.</summary>
    Mmio = 6,

    /// <summary>The guest can take an interrupt now.</summary>
    IrqWindowOpen = 7,

    /// <summary>Triple fault.</summary>
    Shutdown = 8,

    /// <summary>The hardware refused the guest state.</summary>
    FailEntry = 9,

    /// <summary>A signal (KVM_RUN returns EINTR as well).</summary>
    Intr = 10,

    /// <summary>CR8 was written.</summary>
    SetTpr = 11,

    /// <summary>The task priority register was accessed.</summary>
    TprAccess = 12,

    /// <summary>An NMI.</summary>
    Nmi = 16,

    /// <summary>KVM could not go on; the sub-error says why.</summary>
    InternalError = 17,

    /// <summary>A watchdog expired.</summary>
    Watchdog = 21,

    /// <summary>Shutdown, reset or crash asked for.</summary>
    SystemEvent = 24,

    /// <summary>End of interrupt, with a split interrupt controller.</summary>
    IoapicEoi = 26,

    /// <summary>A Hyper-V enlightenment.</summary>
    Hyperv = 27,

    /// <summary>RDMSR of a filtered or unknown register.</summary>
    X86Rdmsr = 29,

    /// <summary>WRMSR of a filtered or unknown register.</summary>
    X86Wrmsr = 30,

    /// <summary>The dirty ring is full.</summary>
    DirtyRingFull = 31,

    /// <summary>AP reset hold (SEV-ES).</summary>
    ApResetHold = 32,

    /// <summary>A bus lock.</summary>
    X86BusLock = 33,

    /// <summary>A Xen hypercall.</summary>
    Xen = 34,

    /// <summary>The guest kept the CPU from taking events for too long.</summary>
    Notify = 37,
}
