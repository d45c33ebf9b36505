// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Programs;

/// <summary>Types of the auxiliary vector's entries (Linux, include/uapi/linux/auxvec.h).</summary>
public enum AuxiliaryType : uint
{
    /// <summary>AT_NULL: the end.</summary>
    Null = 0,

    /// <summary>AT_PHDR: address of the program headers.</summary>
    ProgramHeaders = 3,

    /// <summary>AT_PHENT: bytes of a program header.</summary>
    ProgramHeaderSize = 4,

    /// <summary>AT_PHNUM: program headers.</summary>
    ProgramHeaderCount = 5,

    /// <summary>AT_PAGESZ: bytes of a page.</summary>
    PageSize = 6,

    /// <summary>AT_BASE: address of the interpreter; 0 without one.</summary>
    Base = 7,

    /// <summary>AT_FLAGS: 0.</summary>
    Flags = 8,

    /// <summary>AT_ENTRY: address of the first instruction.</summary>
    Entry = 9,

    /// <summary>AT_UID.</summary>
    Uid = 11,

    /// <summary>AT_EUID.</summary>
    EffectiveUid = 12,

    /// <summary>AT_GID.</summary>
    Gid = 13,

    /// <summary>AT_EGID.</summary>
    EffectiveGid = 14,

    /// <summary>AT_PLATFORM: address of the platform's name.</summary>
    Platform = 15,

    /// <summary>AT_HWCAP: CPUID's leaf 1, EDX.</summary>
    HwCap = 16,

    /// <summary>AT_CLKTCK: ticks of times() in a second.</summary>
    ClockTick = 17,

    /// <summary>AT_SECURE: whether the program has more rights than its caller.</summary>
    Secure = 23,

    /// <summary>AT_RANDOM: address of 16 random bytes.</summary>
    Random = 25,

    /// <summary>AT_EXECFN: address of the program's file name.</summary>
    ExecutableName = 31,

    /// <summary>AT_SYSINFO: __kernel_vsyscall.</summary>
    SysInfo = 32,

    /// <summary>AT_SYSINFO_EHDR: the vsyscall page.</summary>
    SysInfoEhdr = 33,
}
