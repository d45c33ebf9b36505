// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Optional parts of <see cref="KvmVcpuEvents"/>: KVM_VCPUEVENT_VALID_*.</summary>
[Flags]
public enum KvmVcpuEventFlags : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>NMI pending state.</summary>
    NmiPending = 0x01,

    /// <summary>Startup IPI vector.</summary>
    SipiVector = 0x02,

    /// <summary>Interrupt shadow.</summary>
    Shadow = 0x04,

    /// <summary>System-management mode.</summary>
    Smm = 0x08,

    /// <summary>Exception payload.</summary>
    Payload = 0x10,

    /// <summary>Triple fault.</summary>
    TripleFault = 0x20,
}
