// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest;

/// <summary>A name for a virtual address.</summary>
/// <param name="Address">Virtual address.</param>
/// <param name="Name">Name.</param>
public readonly record struct Symbol(uint Address, string Name);
