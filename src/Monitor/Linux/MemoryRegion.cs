// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Elf;

namespace Kvmsys.Monitor.Linux;

/// <summary>Neighbouring pages of a program with one protection: Linux's vm_area_struct.</summary>
/// <param name="Start">First address, a multiple of 4096.</param>
/// <param name="End">First address after it, a multiple of 4096.</param>
/// <param name="Protection">What the program may do there.</param>
/// <param name="GrowsDown">Whether it is the stack, which grows when the program touches what lies below.</param>
internal readonly record struct MemoryRegion(uint Start, uint End, SegmentFlags Protection, bool GrowsDown = false)
{
    /// <summary>Whether an access is allowed. Without PAE whatever is mapped can be read and executed, unless it is for nobody.</summary>
    public bool Allows(bool write) => write ? Protection.HasFlag(SegmentFlags.Write) : Protection != SegmentFlags.None;
}
