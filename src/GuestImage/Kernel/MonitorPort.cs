// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Kernel;

/// <summary>
/// The I/O ports by which a guest speaks to its monitor, each written with 32 bits. A port is the one exit that every KVM hands to user space
/// for every guest: HLT stays in the kernel with an interrupt controller, VMCALL is the kernel's own.
/// </summary>
public static class MonitorPort
{
    /// <summary>A <see cref="MonitorCall"/>; EBX is its argument.</summary>
    public const ushort Call = 0x4b00;

    /// <summary>An exception that nothing in the guest handles: the linear address of a <see cref="FaultFrame"/>.</summary>
    public const ushort Fault = 0x4b04;

    /// <summary>A double fault: the linear address of the interrupted task's state segment, which holds its registers.</summary>
    public const ushort DoubleFault = 0x4b08;
}
