// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Elf;

/// <summary>Pieces of code whose first instructions have rules in common: a common information entry.</summary>
/// <param name="Initial">Those rules.</param>
/// <param name="Frames">The pieces.</param>
internal sealed record CallFrameGroup(IReadOnlyList<CallFrameRule> Initial, IReadOnlyList<CallFrame> Frames);
