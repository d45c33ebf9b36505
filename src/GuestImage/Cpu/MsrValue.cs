// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Cpu;

/// <summary>A model-specific register and what it holds.</summary>
/// <param name="Index">Number, as in <see cref="Msr"/>.</param>
/// <param name="Value">Value.</param>
public readonly record struct MsrValue(uint Index, ulong Value);
