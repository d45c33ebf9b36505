// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Elf;

/// <summary>How to unwind from a piece of code: a frame description entry.</summary>
/// <param name="Address">Virtual address of its first byte.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Rows">Where rules change, by rising offset.</param>
internal sealed record CallFrame(uint Address, uint Length, params IReadOnlyList<CallFrameRow> Rows);
