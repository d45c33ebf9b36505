// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Abi;

/// <summary>Instructions that need not exit: KVM_X86_DISABLE_EXITS_*.</summary>
[Flags]
public enum KvmDisableExits : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>MWAIT and MONITOR.</summary>
    Mwait = 1 << 0,

    /// <summary>HLT.</summary>
    Hlt = 1 << 1,

    /// <summary>PAUSE.</summary>
    Pause = 1 << 2,

    /// <summary>Reads of the C-state residency registers.</summary>
    Cstate = 1 << 3,
}
