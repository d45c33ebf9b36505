// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;

namespace Kvmsys.Monitor.Machine;

/// <summary>What a guest's kernel turns to for what it cannot do itself. Called on the vCPU's thread; the guest waits.</summary>
internal interface IGuestService
{
    /// <summary>Whether something has come from outside that the guest must be told.</summary>
    bool HasInterrupt { get; }

    /// <summary>Serves a write to one of <see cref="MonitorPort"/>'s ports.</summary>
    /// <param name="port">The port.</param>
    /// <param name="value">What was written.</param>
    /// <param name="vcpu">The vCPU.</param>
    /// <returns>Why the machine stops; null to run the guest on.</returns>
    StopReason? Serve(ushort port, uint value, IVcpu vcpu);

    /// <summary>Tells the guest, wherever it is, what has come from outside: <see cref="HasInterrupt"/>.</summary>
    /// <param name="vcpu">The vCPU.</param>
    /// <returns>Why the machine stops; null to run the guest on.</returns>
    StopReason? Interrupt(IVcpu vcpu);
}
