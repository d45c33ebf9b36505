// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Cpu;

/// <summary>One of the checks that VT-x makes on the guest state at every VM entry.</summary>
/// <param name="Section">Section of the SDM, Vol. 3C.</param>
/// <param name="Text">What must hold.</param>
/// <param name="Holds">Whether it does.</param>
public sealed record VmEntryRule(string Section, string Text, Func<CpuState, bool> Holds);
