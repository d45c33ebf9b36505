// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Elf;

/// <summary>A segment of a shared object to be written.</summary>
/// <param name="Type">p_type.</param>
/// <param name="Flags">p_flags.</param>
/// <param name="Alignment">p_align.</param>
/// <param name="Section">The section that it is; null for everything that is in memory, the headers included.</param>
internal sealed record ElfSegment(SegmentType Type, SegmentFlags Flags, uint Alignment, string? Section = null);
