// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Elf;

/// <summary>sh_flags: what a section's memory is used for.</summary>
[Flags]
public enum SectionFlags : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>SHF_WRITE.</summary>
    Write = 1,

    /// <summary>SHF_ALLOC: it is in memory.</summary>
    Allocate = 2,

    /// <summary>SHF_EXECINSTR.</summary>
    Execute = 4,
}
