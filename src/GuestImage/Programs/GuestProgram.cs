// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using Kvmsys.Guest.Kernel;

namespace Kvmsys.Guest.Programs;

/// <summary>A ring-3 program as data: code and data at fixed virtual addresses. It starts with every register but ESP zero.</summary>
public sealed record GuestProgram
{
    /// <summary>Virtual address of the code, as ld places it on i386. It is mapped read-only.</summary>
    public const uint TextAddress = 0x08048000;

    /// <summary>Virtual address of the data, one page.</summary>
    public const uint DataAddress = 0x0804c000;

    /// <summary>End of the stack, one page, which is also the end of what ring 3 may use.</summary>
    public const uint StackTop = KernelLayout.PageOffset;

    /// <summary>The code, at <see cref="TextAddress"/>.</summary>
    public required ReadOnlyMemory<byte> Text { get; init; }

    /// <summary>The data, at <see cref="DataAddress"/>; at most one page.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>Address of the first instruction.</summary>
    public uint Entry { get; init; } = TextAddress;

    /// <summary>Names in the program.</summary>
    public ImmutableArray<Symbol> Symbols { get; init; } = [];

    /// <summary>Whether the program itself executes SYSENTER.</summary>
    public bool NeedsSysenter { get; init; }

    /// <summary>Whether it passes SYSENTER its return address in EDX and its stack in ECX, not on the stack as the vsyscall page does.</summary>
    public bool SysenterByRegisters { get; init; }
}
