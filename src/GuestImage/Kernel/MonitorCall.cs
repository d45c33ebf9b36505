// SPDX-License-Identifier: MIT

namespace Kvmsys.Guest.Kernel;

/// <summary>What a guest tells its monitor through <see cref="MonitorPort.Call"/>.</summary>
public enum MonitorCall : uint
{
    /// <summary>A point in the program that the monitor wants to know of; it goes on when the monitor runs it again.</summary>
    Mark = 1,

    /// <summary>The program has ended; EBX is its status.</summary>
    Exit = 2,
}
