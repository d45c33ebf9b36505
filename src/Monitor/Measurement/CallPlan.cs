// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Cpu;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;

namespace Kvmsys.Monitor.Measurement;

/// <summary>One measurement to make.</summary>
/// <param name="Profile">The guest's kernel.</param>
/// <param name="Mechanism">How its program enters it.</param>
/// <param name="Calls">How often, 1 or more.</param>
/// <param name="Seed">Decides the guest's frames and process identifier.</param>
public sealed record CallPlan(KernelProfile Profile, EntryMechanism Mechanism, uint Calls, int Seed)
{
    /// <summary>Whether a guest's CPU has what the program executes itself. The vsyscall page always has a way that the CPU has.</summary>
    public bool IsPossibleOn(CpuIdentity cpu)
    {
        ArgumentNullException.ThrowIfNull(cpu);
        return Mechanism != EntryMechanism.Sysenter || cpu.HasSysenter;
    }
}
