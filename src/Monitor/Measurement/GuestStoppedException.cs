// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Machine;

namespace Kvmsys.Monitor.Measurement;

/// <summary>A guest that did not come to its end: it crashed, took too long, or was cancelled.</summary>
public sealed class GuestStoppedException : Exception
{
    /// <summary>A guest that stopped.</summary>
    /// <param name="guest">What it was doing, for people.</param>
    /// <param name="stop">How it stopped.</param>
    public GuestStoppedException(string guest, MachineStop stop)
        : base($"{guest}: {stop.Crash?.Headline ?? (stop.Reason == StopReason.Exit ? $"exit status {stop.Status}" : stop.Reason.ToString())}") => Stop = stop;

    /// <summary>How it stopped.</summary>
    public MachineStop Stop { get; }
}
