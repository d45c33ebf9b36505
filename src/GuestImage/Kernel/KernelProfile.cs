// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Kernel;

/// <summary>How much a kernel does on each entry.</summary>
public enum KernelProfile
{
    /// <summary>Nothing but what the hardware needs to come back: the mechanism's own cost.</summary>
    Bare,

    /// <summary>What Linux 2.6.12 does on i386: save and restore registers, check flags and number, call through the table.</summary>
    Linux26,
}
