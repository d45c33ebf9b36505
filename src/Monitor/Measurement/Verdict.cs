// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Measurement;

/// <summary>What executed the program, and so what its figures are worth.</summary>
public enum Verdict
{
    /// <summary>Software, or nothing proves that it was not: the figures are no CPU's.</summary>
    Emulated,

    /// <summary>The CPU, under another hypervisor: instructions cost what they cost on the CPU, exits do not.</summary>
    HardwareNested,

    /// <summary>The CPU.</summary>
    Hardware,
}
