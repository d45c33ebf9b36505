// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Cpu;

/// <summary>Modes in which a program in ring 3 runs on an x86-64 CPU (APM Vol. 2, 1.3; SDM Vol. 3, 2.2).</summary>
public enum OperatingMode
{
    /// <summary>32-bit protected mode under a 32-bit kernel: AMD's legacy mode.</summary>
    Legacy,

    /// <summary>32-bit code under a 64-bit kernel.</summary>
    Compatibility,

    /// <summary>64-bit code.</summary>
    SixtyFourBit,
}
