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

    /// <summary>
    /// A page fault, before anything else is made of it: the linear address of a <see cref="FaultFrame"/>. A monitor that maps the page sets
    /// the frame's vector to <see cref="FaultFrame.Handled"/>.
    /// </summary>
    public const ushort PageFault = 0x4b0c;

    /// <summary>A system call that the guest does not answer itself: the linear address of its <see cref="PtRegs"/>. The answer goes into EAX there.</summary>
    public const ushort SystemCall = 0x4b10;

    /// <summary>All <see cref="PageTableUpdates"/> are written, and the monitor has more.</summary>
    public const ushort MoreUpdates = 0x4b14;

    /// <summary>IRET cannot return to the program: its code or stack segment is no longer there. EAX is no address.</summary>
    public const ushort BadReturn = 0x4b18;

    /// <summary>Nothing is asked, and the guest goes on: what is timed is the way to the monitor and back.</summary>
    public const ushort Nothing = 0x4b1c;
}
