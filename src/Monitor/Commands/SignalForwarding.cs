// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Kvmsys.Monitor.Linux;

namespace Kvmsys.Monitor.Commands;

/// <summary>What somebody sends to kvmsys while a program runs is the program's: it may have a handler, and else it ends by it.</summary>
internal sealed class SignalForwarding : IDisposable
{
    private static readonly (PosixSignal Signal, int Number)[] Forwarded =
    [
        (PosixSignal.SIGHUP, 1), (PosixSignal.SIGINT, 2), (PosixSignal.SIGQUIT, 3), (PosixSignal.SIGTERM, 15), (PosixSignal.SIGWINCH, 28),
    ];

    private readonly PosixSignalRegistration[] _registrations;

    /// <summary>Forwards from now on.</summary>
    public SignalForwarding(LinuxMachine program) => _registrations = [.. Forwarded.Select(forwarded => PosixSignalRegistration.Create(forwarded.Signal, signal =>
    {
        signal.Cancel = true;
        program.Send(forwarded.Number);
    }))];

    /// <summary>Forwards no more.</summary>
    public void Dispose() => Array.ForEach(_registrations, registration => registration.Dispose());
}
