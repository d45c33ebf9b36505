// SPDX-License-Identifier: MIT

using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Machine;

namespace Kvmsys.Monitor.Measurement;

/// <summary>An entry path that runs as often as it is told: in a machine of its own, or as a process of the host's.</summary>
public interface IMeasuredProgram : IDisposable
{
    /// <summary>Rate of its TSC in kHz; null when it is not known, or not yet.</summary>
    int? TscKhz { get; }

    /// <summary>What the host granted the thread that runs it.</summary>
    GrantedPlacement Placed { get; }

    /// <summary>Runs the program once.</summary>
    /// <param name="parameters">What it does.</param>
    /// <param name="timeLimit">How long it may take.</param>
    /// <param name="cancellation">Ends it early.</param>
    /// <exception cref="GuestStoppedException">It did not come to its end.</exception>
    /// <exception cref="InvalidOperationException">It did not enter its kernel.</exception>
    CallRun Run(in CallLoopParameters parameters, TimeSpan timeLimit, CancellationToken cancellation = default);
}
