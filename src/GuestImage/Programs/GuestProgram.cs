// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using Kvmsys.Guest.Elf;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Paging;

namespace Kvmsys.Guest.Programs;

/// <summary>A ring-3 program as data: its memory, and where it starts. Every register but ESP is zero then.</summary>
public sealed record GuestProgram
{
    /// <summary>Virtual address of the code of the programs that are made here, as ld places it on i386.</summary>
    public const uint TextAddress = 0x08048000;

    /// <summary>Virtual address of their data, one page.</summary>
    public const uint DataAddress = 0x0804c000;

    /// <summary>Virtual address of the page behind which there is no memory, for a program that <see cref="TouchesDevice"/>.</summary>
    public const uint DeviceAddress = 0x0804e000;

    /// <summary>End of the stack, which is also the end of what ring 3 may use.</summary>
    public const uint StackTop = KernelLayout.PageOffset;

    /// <summary>The program's memory, its stack included. Pages that have contents are mapped; others are the monitor's to map when they are touched.</summary>
    public required ImmutableArray<ProgramSegment> Segments { get; init; }

    /// <summary>Address of the first instruction.</summary>
    public uint Entry { get; init; } = TextAddress;

    /// <summary>ESP at the first instruction.</summary>
    public uint StackPointer { get; init; } = StackTop;

    /// <summary>32 or 64: the mode in which the program's code runs.</summary>
    public int Bitness { get; init; } = 32;

    /// <summary>Names in the program.</summary>
    public ImmutableArray<Symbol> Symbols { get; init; } = [];

    /// <summary>Whether it speaks to the monitor by <see cref="MonitorCall"/>s, which Linux has not.</summary>
    public bool MakesMonitorCalls { get; init; }

    /// <summary>Whether the program itself executes SYSENTER.</summary>
    public bool NeedsSysenter { get; init; }

    /// <summary>Whether it passes SYSENTER its return address in EDX and its stack in ECX, not on the stack as the vsyscall page does.</summary>
    public bool SysenterByRegisters { get; init; }

    /// <summary>Whether the program itself executes SYSCALL.</summary>
    public bool NeedsSyscall { get; init; }

    /// <summary>
    /// Vector of an exception that the bare kernel answers by going on two bytes behind the instruction, for a program that times such round
    /// trips; null for none, when every exception is reported.
    /// </summary>
    public int? SkippedException { get; init; }

    /// <summary>Whether it writes to I/O ports itself: it runs with IOPL 3 then.</summary>
    public bool UsesPorts { get; init; }

    /// <summary>Whether it has a page at <see cref="DeviceAddress"/> that is mapped to where the guest has no memory.</summary>
    public bool TouchesDevice { get; init; }

    /// <summary>Whether INT 0x80 is to begin with HLT.</summary>
    public bool Halts { get; init; }

    /// <summary>A program of some code, one page of data and one page of stack, which makes <see cref="MonitorCall"/>s.</summary>
    /// <param name="text">The code, at <see cref="TextAddress"/>.</param>
    /// <param name="data">What the page of data, at <see cref="DataAddress"/>, starts with.</param>
    public static GuestProgram OfCode(ReadOnlyMemory<byte> text, ReadOnlySpan<byte> data = default) => new()
    {
        MakesMonitorCalls = true,
        Segments =
        [
            new(TextAddress, text, RoundUp(text.Length), SegmentFlags.Read | SegmentFlags.Execute),
            new(DataAddress, Page(data), PageTableBuilder.PageSize, SegmentFlags.Read | SegmentFlags.Write),
            new(StackTop - PageTableBuilder.PageSize, new byte[PageTableBuilder.PageSize], PageTableBuilder.PageSize, SegmentFlags.Read | SegmentFlags.Write),
        ],
    };

    private static byte[] Page(ReadOnlySpan<byte> contents)
    {
        byte[] page = new byte[PageTableBuilder.PageSize];
        contents.CopyTo(page);
        return page;
    }

    private static uint RoundUp(int length) => ((uint)length + PageTableBuilder.PageSize - 1) & ~(PageTableBuilder.PageSize - 1);
}
