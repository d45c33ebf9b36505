// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;

namespace Kvmsys.Native.Abi;

/// <summary>Exceptions, interrupts, NMIs and SMIs in flight: <c>struct kvm_vcpu_events</c>.</summary>
public struct KvmVcpuEvents
{
    /// <summary>Exception in flight.</summary>
    public ExceptionEvent Exception;

    /// <summary>External or software interrupt in flight.</summary>
    public InterruptEvent Interrupt;

    /// <summary>NMI state.</summary>
    public NmiEvent Nmi;

    /// <summary>Startup IPI vector, valid with <see cref="KvmVcpuEventFlags.SipiVector"/>.</summary>
    public uint SipiVector;

    /// <summary>Which of the optional fields are valid.</summary>
    public KvmVcpuEventFlags Flags;

    /// <summary>System-management-mode state, valid with <see cref="KvmVcpuEventFlags.Smm"/>.</summary>
    public SmiEvent Smi;

    /// <summary>Pending triple fault, valid with <see cref="KvmVcpuEventFlags.TripleFault"/>.</summary>
    public TripleFaultEvent TripleFault;

    /// <summary>Reserved, zero.</summary>
    public ReservedBytes Reserved;

    /// <summary>1 when <see cref="ExceptionPayload"/> is valid.</summary>
    public byte ExceptionHasPayload;

    /// <summary>CR2 or DR6 value that delivery of the exception will write.</summary>
    public ulong ExceptionPayload;

    /// <summary>The 26 reserved bytes.</summary>
    [InlineArray(26)]
    public struct ReservedBytes
    {
        private byte _element;
    }

    /// <summary>Exception in flight.</summary>
    public struct ExceptionEvent
    {
        /// <summary>1 when it has been injected but not delivered.</summary>
        public byte Injected;

        /// <summary>Vector.</summary>
        public byte Nr;

        /// <summary>1 when the exception pushes an error code.</summary>
        public byte HasErrorCode;

        /// <summary>1 when it is pending, with KVM_CAP_EXCEPTION_PAYLOAD.</summary>
        public byte Pending;

        /// <summary>Error code.</summary>
        public uint ErrorCode;
    }

    /// <summary>Interrupt in flight.</summary>
    public struct InterruptEvent
    {
        /// <summary>1 when it has been injected but not delivered.</summary>
        public byte Injected;

        /// <summary>Vector.</summary>
        public byte Nr;

        /// <summary>1 for a software interrupt.</summary>
        public byte Soft;

        /// <summary>Interrupt shadow, valid with <see cref="KvmVcpuEventFlags.Shadow"/>.</summary>
        public KvmInterruptShadow Shadow;
    }

    /// <summary>NMI state.</summary>
    public struct NmiEvent
    {
        /// <summary>1 when it has been injected but not delivered.</summary>
        public byte Injected;

        /// <summary>1 when an NMI is pending.</summary>
        public byte Pending;

        /// <summary>1 while NMIs are blocked.</summary>
        public byte Masked;

        /// <summary>Padding, zero.</summary>
        public byte Pad;
    }

    /// <summary>System-management-mode state.</summary>
    public struct SmiEvent
    {
        /// <summary>1 in system-management mode.</summary>
        public byte Smm;

        /// <summary>1 when an SMI is pending.</summary>
        public byte Pending;

        /// <summary>1 when the SMI came inside an NMI handler.</summary>
        public byte SmmInsideNmi;

        /// <summary>1 when an INIT is latched.</summary>
        public byte LatchedInit;
    }

    /// <summary>Triple fault.</summary>
    public struct TripleFaultEvent
    {
        /// <summary>1 when a triple fault is pending.</summary>
        public byte Pending;
    }
}
