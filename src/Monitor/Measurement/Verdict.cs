// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Measurement;

/// <summary>What executed the guest, and so what its figures are worth.</summary>
public enum Verdict
{
    /// <summary>Software: the figures say nothing about a CPU.</summary>
    Emulated,

    /// <summary>The CPU, under another hypervisor: instructions cost what they cost on the CPU, exits do not.</summary>
    HardwareNested,

    /// <summary>The CPU.</summary>
    Hardware,
}
