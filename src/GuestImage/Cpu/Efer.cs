// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Cpu;

/// <summary>Bits of IA32_EFER (SDM Vol. 3, 2.2.1).</summary>
[Flags]
public enum Efer : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>SCE: SYSCALL and SYSRET.</summary>
    SyscallEnable = 1u << 0,

    /// <summary>LME: long mode once paging is on.</summary>
    LongModeEnable = 1u << 8,

    /// <summary>LMA: long mode.</summary>
    LongModeActive = 1u << 10,
}
