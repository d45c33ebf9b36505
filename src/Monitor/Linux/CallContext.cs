// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>A system call while it is served.</summary>
/// <param name="Registers">The program's registers.</param>
/// <param name="Vcpu">The vCPU that waits.</param>
internal sealed record CallContext(ProgramRegisters Registers, IVcpu Vcpu)
{
    /// <summary>First argument.</summary>
    public uint Ebx => Registers[PtRegs.Ebx];

    /// <summary>Second argument.</summary>
    public uint Ecx => Registers[PtRegs.Ecx];

    /// <summary>Third argument.</summary>
    public uint Edx => Registers[PtRegs.Edx];

    /// <summary>Fourth argument.</summary>
    public uint Esi => Registers[PtRegs.Esi];

    /// <summary>Fifth argument.</summary>
    public uint Edi => Registers[PtRegs.Edi];

    /// <summary>Sixth argument.</summary>
    public uint Ebp => Registers[PtRegs.Ebp];

    /// <summary>Why the machine stops in the middle of the call.</summary>
    public StopReason? Stop { get; private set; }

    /// <summary>Waits until files are ready or the time is over.</summary>
    /// <param name="files">The files; none to wait for the time alone.</param>
    /// <param name="time">How long at most; null for ever.</param>
    /// <returns>False when somebody interrupts it.</returns>
    public bool Wait(Span<PolledFile> files, TimeSpan? time)
    {
        bool done = Vcpu.Wait(files, time, out StopReason? stop);
        Stop = stop;
        return done;
    }
}
