// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Linux;

/// <summary>stack_t of i386: where handlers run that ask for it.</summary>
/// <param name="Address">ss_sp: lowest address.</param>
/// <param name="Flags">ss_flags.</param>
/// <param name="Size">ss_size, in bytes.</param>
internal readonly record struct AlternateStack(uint Address, uint Flags, uint Size)
{
    /// <summary>SS_ONSTACK: the program is on it.</summary>
    public const uint OnStack = 1;

    /// <summary>SS_DISABLE: there is none.</summary>
    public const uint Disable = 2;

    /// <summary>SS_AUTODISARM: it is disabled while a handler runs on it.</summary>
    public const uint AutoDisarm = 1u << 31;

    /// <summary>MINSIGSTKSZ: the smallest that is accepted.</summary>
    public const uint MinSize = 2048;

    /// <summary>No alternate stack.</summary>
    public static AlternateStack None => new(0, Disable, 0);

    /// <summary>Whether there is one.</summary>
    public bool IsEnabled => Size != 0 && (Flags & Disable) == 0;

    /// <summary>Whether a program with this stack pointer runs on it, so that a handler goes on there. One that disarms itself is always entered at its top.</summary>
    public bool Contains(uint stackPointer) => (Flags & AutoDisarm) == 0 && Spans(stackPointer);

    /// <summary>Whether a stack pointer points into it.</summary>
    public bool Spans(uint stackPointer) => stackPointer > Address && stackPointer - Address <= Size;
}
