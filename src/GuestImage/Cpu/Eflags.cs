// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Cpu;

/// <summary>Bits of EFLAGS that are not arithmetic (SDM Vol. 1, 3.4.3).</summary>
[Flags]
public enum Eflags : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Bit 1: always 1.</summary>
    Fixed = 1u << 1,

    /// <summary>TF: single step.</summary>
    Trap = 1u << 8,

    /// <summary>IF: interrupts are taken.</summary>
    InterruptEnable = 1u << 9,

    /// <summary>DF: string instructions go downwards.</summary>
    Direction = 1u << 10,

    /// <summary>IOPL: the outermost ring that may use IN, OUT, CLI and STI; two bits.</summary>
    IoPrivilegeLevel = 3u << 12,

    /// <summary>NT: IRET returns to the task before.</summary>
    NestedTask = 1u << 14,

    /// <summary>VM: virtual-8086 mode.</summary>
    Virtual8086 = 1u << 17,

    /// <summary>AC: alignment is checked in ring 3.</summary>
    AlignmentCheck = 1u << 18,
}
