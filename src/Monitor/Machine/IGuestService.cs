// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Kernel;

namespace Kvmsys.Monitor.Machine;

/// <summary>What a guest's kernel turns to for what it cannot do itself.</summary>
internal interface IGuestService
{
    /// <summary>Serves a write to one of <see cref="MonitorPort"/>'s ports. Called on the vCPU's thread; the guest waits.</summary>
    /// <param name="port">The port.</param>
    /// <param name="value">What was written.</param>
    /// <param name="vcpu">The vCPU.</param>
    /// <returns>Why the machine stops; null to run the guest on.</returns>
    StopReason? Serve(ushort port, uint value, IVcpu vcpu);
}
