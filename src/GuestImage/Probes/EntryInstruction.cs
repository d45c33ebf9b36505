// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Probes;

/// <summary>An instruction by which a program may enter its kernel, if the CPU has it in the program's mode.</summary>
public enum EntryInstruction
{
    /// <summary>INT 0x80.</summary>
    Int80,

    /// <summary>SYSENTER: on Intel in every mode, on AMD in legacy mode only.</summary>
    Sysenter,

    /// <summary>SYSCALL: on AMD in every mode, on Intel in 64-bit mode only.</summary>
    Syscall,
}
