// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Vsyscall;

/// <summary>Which of its two vsyscall pages a 2.6.12 kernel gives its programs.</summary>
public enum VsyscallVariant
{
    /// <summary>The page enters the kernel by INT 0x80.</summary>
    Int80,

    /// <summary>The page enters the kernel by SYSENTER.</summary>
    Sysenter,
}
