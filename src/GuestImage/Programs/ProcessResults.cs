// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Guest.Programs;

/// <summary>What a run of <see cref="CallLoop"/> as a process of the host's Linux writes to its standard output.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ProcessResults
{
    /// <summary>As in a guest.</summary>
    public CallLoopResults Calls;

    /// <summary>Before the run.</summary>
    public ProcessMoment Started;

    /// <summary>After it.</summary>
    public ProcessMoment Ended;

    /// <summary>The entry of the kernel's own page (AT_SYSINFO); 0 when there is none, as in 64-bit mode.</summary>
    public ulong VsyscallEntry;
}
