// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Programs;

/// <summary>A way from ring 3 into the kernel and back.</summary>
public enum EntryMechanism
{
    /// <summary>None: the loop around the call alone, as the control.</summary>
    Empty,

    /// <summary>INT 0x80, back by IRET.</summary>
    Int80,

    /// <summary>SYSENTER in the program itself, back by SYSEXIT.</summary>
    Sysenter,

    /// <summary>A call of the vsyscall page at 0xffffe400, which enters by what the CPU has.</summary>
    Vsyscall,
}
