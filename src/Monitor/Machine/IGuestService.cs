// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;

namespace Kvmsys.Monitor.Machine;

/// <summary>What a guest's kernel turns to for what it cannot do itself. Called on the vCPU's thread; the guest waits.</summary>
internal interface IGuestService
{
    /// <summary>Takes what has come from outside. Asked whenever the vCPU was kicked, so also while a call of the service waits.</summary>
    /// <returns>Whether there is something that the guest must be told, so that a wait is over.</returns>
    bool TakeArrivals();

    /// <summary>Serves a write to one of <see cref="MonitorPort"/>'s ports.</summary>
    /// <param name="port">The port.</param>
    /// <param name="value">What was written.</param>
    /// <param name="vcpu">The vCPU.</param>
    /// <returns>Why the machine stops; null to run the guest on.</returns>
    StopReason? Serve(ushort port, uint value, IVcpu vcpu);

    /// <summary>Tells the guest, wherever it is, what has come from outside, after <see cref="TakeArrivals"/> has said that there is something.</summary>
    /// <param name="vcpu">The vCPU.</param>
    /// <returns>Why the machine stops; null to run the guest on.</returns>
    StopReason? Interrupt(IVcpu vcpu);
}
