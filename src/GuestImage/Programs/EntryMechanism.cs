// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Programs;

/// <summary>A way from ring 3 into the kernel and back, or a control that does not enter it.</summary>
public enum EntryMechanism
{
    /// <summary>None: the loop around the call alone, as a control.</summary>
    Empty,

    /// <summary>A near CALL and RET within ring 3, as a control.</summary>
    Call,

    /// <summary>INT 0x80, back by IRET.</summary>
    Int80,

    /// <summary>SYSENTER in the program itself, back by SYSEXIT.</summary>
    Sysenter,

    /// <summary>A call of the vsyscall page at 0xffffe400, which enters by what the CPU has.</summary>
    Vsyscall,

    /// <summary>SYSCALL, back by SYSRET.</summary>
    Syscall,

    /// <summary>A far CALL through a call gate, back by a far RET.</summary>
    CallGate,

    /// <summary>An invalid opcode, whose exception #UD the kernel answers by going on behind it.</summary>
    InvalidOpcode,

    /// <summary>A read of a page that is not present, whose exception #PF the kernel answers by going on behind it.</summary>
    PageFault,

    /// <summary>CPUID, which makes every guest exit, and which KVM answers itself.</summary>
    Cpuid,

    /// <summary>A write to an I/O port that user space answers.</summary>
    Pio,

    /// <summary>A write to memory where no memory is, which user space answers.</summary>
    Mmio,

    /// <summary>VMCALL, on AMD VMMCALL, which KVM answers itself.</summary>
    Vmcall,

    /// <summary>HLT, which user space answers by running the guest on: INT 0x80 whose handler begins with it.</summary>
    Hlt,
}
