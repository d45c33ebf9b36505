// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Elf;

/// <summary>What changes, for an unwinder, from one instruction of a routine on.</summary>
/// <param name="Offset">The instruction's distance from the frame's first byte.</param>
/// <param name="Rules">The rules that are new there; the others go on.</param>
internal sealed record CallFrameRow(uint Offset, params IReadOnlyList<CallFrameRule> Rules);
