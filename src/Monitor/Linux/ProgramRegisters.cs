// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Linux;

/// <summary>The program's registers, wherever they are while it does not run. What is written there the program has when it goes on.</summary>
internal abstract class ProgramRegisters
{
    /// <summary>A register, by its offset in <see cref="Kvmsys.Guest.Kernel.PtRegs"/>.</summary>
    public abstract uint this[int offset] { get; set; }
}
