// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Cpu;

/// <summary>GDTR or IDTR (SDM Vol. 3, 2.4).</summary>
/// <param name="Base">Linear base address.</param>
/// <param name="Limit">Size in bytes, minus one.</param>
public readonly record struct DescriptorTableRegister(ulong Base, uint Limit);
