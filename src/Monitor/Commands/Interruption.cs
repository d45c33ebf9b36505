// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Monitor.Commands;

/// <summary>Ctrl-C and SIGTERM while a command runs: a cancellation instead of a sudden end, so that what was measured is still reported.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    /// <summary>Takes the signals from now on.</summary>
    public Interruption() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Cancel(signal, Monitor.ExitCode.Interrupted)),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Cancel(signal, Monitor.ExitCode.Terminated)),
    ];

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>What to exit with when it was cancelled.</summary>
    public int ExitCode { get; private set; } = Monitor.ExitCode.Interrupted;

    /// <summary>Takes the signals no more. One may still be on its way to <see cref="Cancel"/>, so the source is left to the collector.</summary>
    public void Dispose() => Array.ForEach(_registrations, registration => registration.Dispose());

    private void Cancel(PosixSignalContext signal, int exitCode)
    {
        signal.Cancel = true;
        ExitCode = exitCode;
        _source.Cancel();
    }
}
