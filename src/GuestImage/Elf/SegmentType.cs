// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Elf;

/// <summary>p_type: what a segment is.</summary>
public enum SegmentType : uint
{
    /// <summary>PT_NULL: nothing.</summary>
    Null = 0,

    /// <summary>PT_LOAD: to be mapped.</summary>
    Load = 1,

    /// <summary>PT_DYNAMIC: the dynamic section.</summary>
    Dynamic = 2,

    /// <summary>PT_INTERP: name of the program that loads this one.</summary>
    Interpreter = 3,

    /// <summary>PT_NOTE: notes.</summary>
    Note = 4,

    /// <summary>PT_PHDR: the program headers themselves.</summary>
    ProgramHeaders = 6,

    /// <summary>PT_TLS: what a thread's own data starts with.</summary>
    ThreadLocal = 7,

    /// <summary>PT_GNU_EH_FRAME: the index of the call frame information.</summary>
    GnuEhFrame = 0x6474e550,

    /// <summary>PT_GNU_STACK: its flags say whether the stack is executable.</summary>
    GnuStack = 0x6474e551,

    /// <summary>PT_GNU_RELRO: what becomes read-only after relocation.</summary>
    GnuRelro = 0x6474e552,
}
