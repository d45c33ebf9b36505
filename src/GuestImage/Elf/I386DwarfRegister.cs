// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Elf;

/// <summary>
/// How call frame information numbers i386's registers (System V ABI, Intel386 supplement, "DWARF Register Number Mapping").
/// </summary>
internal enum I386DwarfRegister
{
    /// <summary>EAX.</summary>
    Eax = 0,

    /// <summary>ECX.</summary>
    Ecx = 1,

    /// <summary>EDX.</summary>
    Edx = 2,

    /// <summary>EBX.</summary>
    Ebx = 3,

    /// <summary>ESP.</summary>
    Esp = 4,

    /// <summary>EBP.</summary>
    Ebp = 5,

    /// <summary>ESI.</summary>
    Esi = 6,

    /// <summary>EDI.</summary>
    Edi = 7,

    /// <summary>The return address: EIP.</summary>
    Eip = 8,
}
