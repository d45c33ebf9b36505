// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kvmsys.Native.Abi;

/// <summary>
/// The page through which KVM_RUN talks: <c>struct kvm_run</c>. The members from <see cref="Hw"/> to <see cref="Notify"/> are a union;
/// <see cref="ExitReason"/> says which one is valid.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 2352)]
public struct KvmRun
{
    /// <summary>In: 1 asks for an exit as soon as the guest can take an interrupt.</summary>
    [FieldOffset(0)]
    public byte RequestInterruptWindow;

    /// <summary>In: 1 makes KVM_RUN return EINTR before it enters the guest.</summary>
    [FieldOffset(1)]
    public byte ImmediateExit;

    /// <summary>Out: why KVM_RUN returned. Stale after an error.</summary>
    [FieldOffset(8)]
    public KvmExitReason ExitReason;

    /// <summary>Out: 1 when an interrupt can be injected.</summary>
    [FieldOffset(12)]
    public byte ReadyForInterruptInjection;

    /// <summary>Out: the guest's RFLAGS.IF.</summary>
    [FieldOffset(13)]
    public byte IfFlag;

    /// <summary>Out: state of the vCPU.</summary>
    [FieldOffset(14)]
    public KvmRunFlags Flags;

    /// <summary>In and out: CR8, without an in-kernel local APIC.</summary>
    [FieldOffset(16)]
    public ulong Cr8;

    /// <summary>Out: IA32_APIC_BASE, without an in-kernel local APIC.</summary>
    [FieldOffset(24)]
    public ulong ApicBase;

    /// <summary>Detail of <see cref="KvmExitReason.Unknown"/>.</summary>
    [FieldOffset(32)]
    public HwExit Hw;

    /// <summary>Detail of <see cref="KvmExitReason.FailEntry"/>.</summary>
    [FieldOffset(32)]
    public FailEntryExit FailEntry;

    /// <summary>Detail of <see cref="KvmExitReason.Exception"/>.</summary>
    [FieldOffset(32)]
    public ExceptionExit Ex;

    /// <summary>Detail of <see cref="KvmExitReason.Io"/>.</summary>
    [FieldOffset(32)]
    public IoExit Io;

    /// <summary>Detail of <see cref="KvmExitReason.Debug"/>.</summary>
    [FieldOffset(32)]
    public DebugExit Debug;

    /// <summary>Detail of <see cref="KvmExitReason.Mmio"/>.</summary>
    [FieldOffset(32)]
    public MmioExit Mmio;

    /// <summary>Detail of <see cref="KvmExitReason.Hypercall"/>.</summary>
    [FieldOffset(32)]
    public HypercallExit Hypercall;

    /// <summary>Detail of <see cref="KvmExitReason.TprAccess"/>.</summary>
    [FieldOffset(32)]
    public TprAccessExit TprAccess;

    /// <summary>Detail of <see cref="KvmExitReason.InternalError"/>.</summary>
    [FieldOffset(32)]
    public InternalExit Internal;

    /// <summary>Detail of <see cref="KvmInternalError.Emulation"/>, over the same bytes as <see cref="Internal"/>.</summary>
    [FieldOffset(32)]
    public EmulationFailureExit EmulationFailure;

    /// <summary>Detail of <see cref="KvmExitReason.SystemEvent"/>.</summary>
    [FieldOffset(32)]
    public SystemEventExit SystemEvent;

    /// <summary>Detail of <see cref="KvmExitReason.IoapicEoi"/>.</summary>
    [FieldOffset(32)]
    public EoiExit Eoi;

    /// <summary>Detail of <see cref="KvmExitReason.X86Rdmsr"/> and <see cref="KvmExitReason.X86Wrmsr"/>.</summary>
    [FieldOffset(32)]
    public MsrExit Msr;

    /// <summary>Detail of <see cref="KvmExitReason.Notify"/>.</summary>
    [FieldOffset(32)]
    public NotifyExit Notify;

    /// <summary>In: register classes that KVM_RUN stores into <see cref="S"/> when it returns.</summary>
    [FieldOffset(288)]
    public KvmSyncRegisters KvmValidRegs;

    /// <summary>In: register classes that KVM_RUN loads from <see cref="S"/> before it enters the guest.</summary>
    [FieldOffset(296)]
    public KvmSyncRegisters KvmDirtyRegs;

    /// <summary>Shared registers.</summary>
    [FieldOffset(304)]
    public SyncedState S;

    /// <summary>An exit that KVM does not know.</summary>
    public struct HwExit
    {
        /// <summary>The hardware's exit code.</summary>
        public ulong HardwareExitReason;
    }

    /// <summary>The hardware refused the guest state.</summary>
    public struct FailEntryExit
    {
        /// <summary>VT-x: the VM-entry failure's exit reason (0x80000021: invalid guest state). SVM: VMEXIT code, all ones when invalid.</summary>
        public ulong HardwareEntryFailureReason;

        /// <summary>Host CPU.</summary>
        public uint Cpu;
    }

    /// <summary>An exception.</summary>
    public struct ExceptionExit
    {
        /// <summary>Vector.</summary>
        public uint Exception;

        /// <summary>Error code.</summary>
        public uint ErrorCode;
    }

    /// <summary>Port I/O.</summary>
    public struct IoExit
    {
        /// <summary>IN or OUT.</summary>
        public KvmIoDirection Direction;

        /// <summary>Bytes of one access: 1, 2 or 4.</summary>
        public byte Size;

        /// <summary>Port number.</summary>
        public ushort Port;

        /// <summary>Number of accesses; REP INS and REP OUTS make it more than 1.</summary>
        public uint Count;

        /// <summary>Where the data lies, in bytes from the start of the run page.</summary>
        public ulong DataOffset;
    }

    /// <summary>A breakpoint or single step.</summary>
    public struct DebugExit
    {
        /// <summary>Where and why.</summary>
        public KvmDebugExitArch Arch;
    }

    /// <summary>An access to memory that no slot backs.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 24)]
    public struct MmioExit
    {
        /// <summary>Guest-physical address.</summary>
        [FieldOffset(0)]
        public ulong PhysAddr;

        /// <summary>The bytes: the guest's on a write, user space's answer on a read.</summary>
        [FieldOffset(8)]
        public InlineArray8<byte> Data;

        /// <summary>Number of bytes, at most 8.</summary>
        [FieldOffset(16)]
        public uint Len;

        /// <summary>1 for a write.</summary>
        [FieldOffset(20)]
        public byte IsWrite;
    }

    /// <summary>A hypercall.</summary>
    public struct HypercallExit
    {
        /// <summary>Number.</summary>
        public ulong Nr;

        /// <summary>Arguments.</summary>
        public InlineArray6<ulong> Args;

        /// <summary>In: result for the guest.</summary>
        public ulong Ret;

        /// <summary>1 when the guest was in long mode.</summary>
        public uint Longmode;

        /// <summary>Padding.</summary>
        public uint Pad;
    }

    /// <summary>An access to the task priority register.</summary>
    public struct TprAccessExit
    {
        /// <summary>Instruction pointer.</summary>
        public ulong Rip;

        /// <summary>1 for a write.</summary>
        public uint IsWrite;

        /// <summary>Padding.</summary>
        public uint Pad;
    }

    /// <summary>KVM could not go on.</summary>
    public struct InternalExit
    {
        /// <summary>Why.</summary>
        public KvmInternalError Suberror;

        /// <summary>How many of <see cref="Data"/> are valid.</summary>
        public uint Ndata;

        /// <summary>Data, by sub-error.</summary>
        public InlineArray16<ulong> Data;
    }

    /// <summary>An instruction that KVM cannot emulate.</summary>
    public struct EmulationFailureExit
    {
        /// <summary><see cref="KvmInternalError.Emulation"/>.</summary>
        public KvmInternalError Suberror;

        /// <summary>Number of 64-bit words that follow.</summary>
        public uint Ndata;

        /// <summary>Which of the following fields are valid.</summary>
        public KvmEmulationFailureFlags Flags;

        /// <summary>How many of <see cref="InsnBytes"/> are valid.</summary>
        public byte InsnSize;

        /// <summary>The bytes that KVM fetched; they may hold more than the instruction.</summary>
        public InlineArray15<byte> InsnBytes;
    }

    /// <summary>Shutdown, reset or crash asked for.</summary>
    public struct SystemEventExit
    {
        /// <summary>Which.</summary>
        public KvmSystemEvent Type;

        /// <summary>How many of <see cref="Data"/> are valid.</summary>
        public uint Ndata;

        /// <summary>Data, by type.</summary>
        public InlineArray16<ulong> Data;
    }

    /// <summary>End of interrupt.</summary>
    public struct EoiExit
    {
        /// <summary>Vector.</summary>
        public byte Vector;
    }

    /// <summary>An MSR access.</summary>
    public struct MsrExit
    {
        /// <summary>In: not 0 makes the instruction raise #GP.</summary>
        public byte Error;

        /// <summary>Padding.</summary>
        public InlineArray7<byte> Pad;

        /// <summary>Why it exits.</summary>
        public KvmMsrExitReasons Reason;

        /// <summary>Register.</summary>
        public uint Index;

        /// <summary>The value written, or user space's answer on a read.</summary>
        public ulong Data;
    }

    /// <summary>The guest kept the CPU from taking events.</summary>
    public struct NotifyExit
    {
        /// <summary>Whether the vCPU can go on.</summary>
        public KvmNotifyFlags Flags;
    }

    /// <summary>The union that holds the shared registers.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 2048)]
    public struct SyncedState
    {
        /// <summary>Registers.</summary>
        [FieldOffset(0)]
        public KvmSyncRegs Regs;
    }
}
