// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Elf;

/// <summary>p_flags: what a segment's memory may be used for.</summary>
[Flags]
public enum SegmentFlags : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>PF_X.</summary>
    Execute = 1,

    /// <summary>PF_W.</summary>
    Write = 2,

    /// <summary>PF_R.</summary>
    Read = 4,
}
