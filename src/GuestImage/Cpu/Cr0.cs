// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Cpu;

/// <summary>Bits of CR0 (SDM Vol. 3, 2.5).</summary>
[Flags]
public enum Cr0 : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>PE: protected mode.</summary>
    ProtectionEnable = 1u << 0,

    /// <summary>MP: WAIT obeys TS.</summary>
    MonitorCoprocessor = 1u << 1,

    /// <summary>EM: x87 instructions raise #NM, SSE instructions #UD.</summary>
    Emulation = 1u << 2,

    /// <summary>TS: the first x87 or SSE instruction raises #NM.</summary>
    TaskSwitched = 1u << 3,

    /// <summary>ET: fixed to 1.</summary>
    ExtensionType = 1u << 4,

    /// <summary>NE: x87 errors raise #MF.</summary>
    NumericError = 1u << 5,

    /// <summary>WP: ring 0 obeys read-only pages.</summary>
    WriteProtect = 1u << 16,

    /// <summary>AM: alignment checks are possible.</summary>
    AlignmentMask = 1u << 18,

    /// <summary>NW: not write-through.</summary>
    NotWriteThrough = 1u << 29,

    /// <summary>CD: caches disabled.</summary>
    CacheDisable = 1u << 30,

    /// <summary>PG: paging.</summary>
    Paging = 1u << 31,
}
