// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>What a KVM may be able to do on x86: KVM_CAP_*. <see cref="Kvm.CheckExtension"/> answers 0 for what it lacks.</summary>
public enum KvmCapability : uint
{
    /// <summary>In-kernel interrupt controllers.</summary>
    Irqchip = 0,

    /// <summary>HLT works.</summary>
    Hlt = 1,

    /// <summary>KVM_SET_USER_MEMORY_REGION; every KVM has it.</summary>
    UserMemory = 3,

    /// <summary>KVM_SET_TSS_ADDR.</summary>
    SetTssAddr = 4,

    /// <summary>KVM_GET_SUPPORTED_CPUID and KVM_SET_CPUID2.</summary>
    ExtCpuid = 7,

    /// <summary>Answers the recommended number of vCPUs of a VM.</summary>
    NrVcpus = 9,

    /// <summary>Answers the number of memory slots of a VM.</summary>
    NrMemslots = 10,

    /// <summary>KVM_GET_MP_STATE and KVM_SET_MP_STATE.</summary>
    MpState = 14,

    /// <summary>Coalesced MMIO; answers the page of its ring in the run mapping.</summary>
    CoalescedMmio = 15,

    /// <summary>Changes of the host's mapping show in the guest at once.</summary>
    SyncMmu = 16,

    /// <summary>A slot can be deleted.</summary>
    DestroyMemoryRegionWorks = 21,

    /// <summary>KVM_NMI.</summary>
    UserNmi = 22,

    /// <summary>KVM_SET_GUEST_DEBUG.</summary>
    SetGuestDebug = 23,

    /// <summary>A deleted range can become part of a larger slot.</summary>
    JoinMemoryRegionsWorks = 30,

    /// <summary>KVM_SET_IDENTITY_MAP_ADDR.</summary>
    SetIdentityMapAddr = 37,

    /// <summary>KVM_GET_CLOCK and KVM_SET_CLOCK.</summary>
    AdjustClock = 39,

    /// <summary>KVM_EXIT_INTERNAL_ERROR carries data.</summary>
    InternalErrorData = 40,

    /// <summary>KVM_GET_VCPU_EVENTS and KVM_SET_VCPU_EVENTS.</summary>
    VcpuEvents = 41,

    /// <summary>The events carry the interrupt shadow.</summary>
    IntrShadow = 49,

    /// <summary>KVM_GET_DEBUGREGS and KVM_SET_DEBUGREGS.</summary>
    Debugregs = 50,

    /// <summary>Single step survives the guest's own use of TF.</summary>
    X86RobustSinglestep = 51,

    /// <summary>KVM_ENABLE_CAP on a vCPU.</summary>
    EnableCap = 54,

    /// <summary>KVM_GET_XSAVE and KVM_SET_XSAVE.</summary>
    Xsave = 55,

    /// <summary>KVM_GET_XCRS and KVM_SET_XCRS.</summary>
    Xcrs = 56,

    /// <summary>The guest's TSC can run at another rate.</summary>
    TscControl = 60,

    /// <summary>KVM_GET_TSC_KHZ.</summary>
    GetTscKhz = 61,

    /// <summary>Answers the largest number of vCPUs of a VM.</summary>
    MaxVcpus = 66,

    /// <summary>TSC-deadline timer.</summary>
    TscDeadlineTimer = 72,

    /// <summary>Registers shared through the run page; answers the classes as <see cref="KvmSyncRegisters"/>.</summary>
    SyncRegs = 74,

    /// <summary>Read-only slots.</summary>
    ReadonlyMem = 81,

    /// <summary>KVM_GET_EMULATED_CPUID.</summary>
    ExtEmulCpuid = 95,

    /// <summary>KVM_ENABLE_CAP on a VM.</summary>
    EnableCapVm = 98,

    /// <summary>KVM_CHECK_EXTENSION on a VM.</summary>
    CheckExtensionVm = 105,

    /// <summary>Old behaviours can be switched off.</summary>
    DisableQuirks = 116,

    /// <summary>System-management mode.</summary>
    X86Smm = 117,

    /// <summary>Local APIC in the kernel, the rest in user space.</summary>
    SplitIrqchip = 121,

    /// <summary>Answers one more than the largest vCPU identifier.</summary>
    MaxVcpuId = 128,

    /// <summary>The run page's immediate_exit works.</summary>
    ImmediateExit = 136,

    /// <summary>Answers the exits that can be switched off as <see cref="KvmDisableExits"/>.</summary>
    X86DisableExits = 143,

    /// <summary>KVM_GET_MSR_FEATURE_INDEX_LIST, and KVM_GET_MSRS on the system handle.</summary>
    GetMsrFeatures = 153,

    /// <summary>Answers the bytes of KVM_GET_NESTED_STATE.</summary>
    NestedState = 157,

    /// <summary>Coalesced port I/O.</summary>
    CoalescedPio = 162,

    /// <summary>Exceptions carry their payload.</summary>
    ExceptionPayload = 164,

    /// <summary>KVM_CLEAR_DIRTY_LOG.</summary>
    ManualDirtyLogProtect2 = 168,

    /// <summary>KVM_SET_PMU_EVENT_FILTER.</summary>
    PmuEventFilter = 173,

    /// <summary>Exits that fail at entry name the CPU.</summary>
    LastCpu = 184,

    /// <summary>The guest may have fewer physical address bits than the host.</summary>
    SmallerMaxphyaddr = 185,

    /// <summary>Steal-time reporting.</summary>
    StealTime = 187,

    /// <summary>Refused MSR accesses can exit to user space.</summary>
    X86UserSpaceMsr = 188,

    /// <summary>KVM_X86_SET_MSR_FILTER.</summary>
    X86MsrFilter = 189,

    /// <summary>Dirty ring; answers its largest size in bytes.</summary>
    DirtyLogRing = 192,

    /// <summary>Bus locks can exit.</summary>
    X86BusLockExit = 193,

    /// <summary>Answers the flags of KVM_SET_GUEST_DEBUG as <see cref="KvmGuestDebugControl"/>.</summary>
    SetGuestDebug2 = 195,

    /// <summary>KVM_GET_SREGS2 and KVM_SET_SREGS2.</summary>
    Sregs2 = 200,

    /// <summary>Hypercalls can exit to user space.</summary>
    ExitHypercall = 201,

    /// <summary>KVM_GET_STATS_FD.</summary>
    BinaryStatsFd = 203,

    /// <summary>An instruction that cannot be emulated exits, with its bytes.</summary>
    ExitOnEmulationFailure = 204,

    /// <summary>Guest-physical address bits of the VM.</summary>
    VmGpaBits = 207,

    /// <summary>Answers the bytes of the XSAVE area on a VM, at least 4096.</summary>
    Xsave2 = 208,

    /// <summary>The guest's performance counters can be switched off.</summary>
    PmuCapability = 212,

    /// <summary>Answers the quirks that can be switched off.</summary>
    DisableQuirks2 = 213,

    /// <summary>KVM_SET_TSC_KHZ on a VM.</summary>
    VmTscControl = 214,

    /// <summary>System events carry data.</summary>
    SystemEventData = 215,

    /// <summary>The events carry a pending triple fault.</summary>
    X86TripleFaultEvent = 218,

    /// <summary>Guests that block events can be made to exit.</summary>
    X86NotifyVmexit = 219,

    /// <summary>The NX huge page mitigation can be switched off for a VM.</summary>
    VmDisableNxHugePages = 220,

    /// <summary>Dirty ring with acquire and release ordering.</summary>
    DirtyLogRingAcqRel = 223,
}
