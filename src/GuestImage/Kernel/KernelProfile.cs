// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Kernel;

/// <summary>A kernel that a program is for: how much it does on each entry, and in which modes it and its program run.</summary>
public enum KernelProfile
{
    /// <summary>Nothing but what the hardware needs to come back: the mechanism's own cost.</summary>
    Bare,

    /// <summary>What Linux 2.6.12 does on i386: save and restore registers, check flags and number, call through the table.</summary>
    Linux26,

    /// <summary>As <see cref="Bare"/>, of a 64-bit kernel and for a program in 64-bit mode.</summary>
    Bare64,

    /// <summary>As <see cref="Bare"/>, of a 64-bit kernel and for a 32-bit program in compatibility mode.</summary>
    Compatibility,

    /// <summary>As <see cref="Bare64"/>, with FRED in place of the IDT, SYSCALL's registers and IRET.</summary>
    Fred64,

    /// <summary>No guest's, but the Linux that kvmsys itself runs on, whatever it does on an entry; for a 32-bit program.</summary>
    Host32,

    /// <summary>The same, for a program in 64-bit mode.</summary>
    Host64,
}
