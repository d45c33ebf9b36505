// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Machine;

/// <summary>Who debugs a machine. Everything is called on the vCPU's thread, and the guest waits.</summary>
internal interface IDebugger
{
    /// <summary>
    /// The guest stands still: before its first instruction, and then each time that something has stopped it. What it does next is
    /// <see cref="GuestDebug.Action"/>, which stays as it is until it is changed.
    /// </summary>
    /// <param name="stop">Why.</param>
    /// <param name="guest">The guest.</param>
    void Stopped(in DebugStop stop, GuestDebug guest);
}
