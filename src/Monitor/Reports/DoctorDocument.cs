// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Host;

namespace Kvmsys.Monitor.Reports;

/// <summary>A check-up in JSON.</summary>
public sealed record DoctorDocument
{
    /// <summary>Name and version of this schema; a field is never taken away within a version.</summary>
    public string Schema { get; init; } = "kvmsys.doctor/1";

    /// <summary>Version of kvmsys.</summary>
    public required string Version { get; init; }

    /// <summary>Path of the device.</summary>
    public required string Device { get; init; }

    /// <summary>Whether the device can be used.</summary>
    public required bool UsableDevice { get; init; }

    /// <summary>Whether the i386 guest runs.</summary>
    public required bool CanRunGuest { get; init; }

    /// <summary>Verdict; null when the guest does not run.</summary>
    public string? Verdict { get; init; }

    /// <summary>The checks, in the order in which they were made.</summary>
    public required IReadOnlyList<Check> Checks { get; init; }

    /// <summary>What of the host's tuning a good measurement wants; the guest runs without it.</summary>
    public required IReadOnlyList<Check> Tuning { get; init; }

    /// <summary>The host.</summary>
    public required HostDocument Host { get; init; }

    /// <summary>The document of a check-up.</summary>
    public static DoctorDocument Of(Checkup checkup, IReadOnlyList<Check> tuning) => new()
    {
        Version = checkup.Environment.Version,
        Device = checkup.Device,
        UsableDevice = checkup.HasUsableDevice,
        CanRunGuest = checkup.CanRunGuest,
        Verdict = checkup.Proof is null ? null : Spelling.Of(checkup.Proof.Verdict),
        Checks = checkup.Checks,
        Tuning = tuning,
        Host = HostDocument.Of(checkup.Environment),
    };
}
