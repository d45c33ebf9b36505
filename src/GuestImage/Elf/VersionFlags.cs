// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Elf;

/// <summary>vd_flags of a version that is defined.</summary>
[Flags]
public enum VersionFlags : ushort
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>VER_FLG_BASE: it is the object itself, under its own name.</summary>
    Base = 1,
}
