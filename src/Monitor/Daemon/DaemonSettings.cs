// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Farm.Controller;
using Kvmsys.Native;

namespace Kvmsys.Monitor.Daemon;

/// <summary>How a daemon is set.</summary>
internal sealed record DaemonSettings
{
    /// <summary>The folder of its database.</summary>
    public required string StateFolder { get; init; }

    /// <summary>Where it listens.</summary>
    public required IReadOnlyList<DaemonEndpoint> Listen { get; init; }

    /// <summary>Path of the certificate for https:// addresses, PEM; null for none.</summary>
    public string? TlsCertificate { get; init; }

    /// <summary>Path of its private key, PEM; null for none.</summary>
    public string? TlsKey { get; init; }

    /// <summary>KVM's device.</summary>
    public string Device { get; init; } = Kvm.DefaultPath;

    /// <summary>This binary, which is started again for each job.</summary>
    public string Executable { get; init; } = Environment.ProcessPath!;

    /// <summary>Seconds that an attempt may take where its job does not say.</summary>
    public int DeadlineSeconds { get; init; } = 60 * 60;

    /// <summary>Attempts that a job may have where it does not say.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>The most memory that a job's process may write, in MiB.</summary>
    public int JobMemoryMebibytes { get; init; } = 2048;

    /// <summary>Jobs that may wait.</summary>
    public int LongestQueue { get; init; } = 1000;

    /// <summary>The largest body of a request, in MiB.</summary>
    public int LargestBodyMebibytes { get; init; } = 16;

    /// <summary>Requests of one client in a second, over a while.</summary>
    public int RequestsPerSecond { get; init; } = 100;

    /// <summary>Days that documents and logs are kept; figures are kept for ever.</summary>
    public int KeepDays { get; init; } = 90;

    /// <summary>URLs that are told what has happened.</summary>
    public IReadOnlyList<string> Webhooks { get; init; } = [];

    /// <summary>The kinds of events that they are told.</summary>
    public IReadOnlyList<string> WebhookEvents { get; init; } = [Jobs.EventKinds.Regression, Jobs.EventKinds.JobFailed];

    /// <summary>Path of the file with the secret that they know this daemon by; null for none.</summary>
    public string? WebhookSecretFile { get; init; }

    /// <summary>Seconds that a job may go on when the daemon is asked to stop, and then once more so many to end in order.</summary>
    public int StopSeconds { get; init; } = 5;

    /// <summary>The NATS server of the farm that it belongs to; null for none.</summary>
    public string? FarmBroker { get; init; }

    /// <summary>What this host is called in the farm.</summary>
    public string? FarmHost { get; init; }

    /// <summary>Path of the file with the key that the farm's server knows it by; null where that wants none.</summary>
    public string? FarmKeyFile { get; init; }

    /// <summary>Path of the certificate that the server's is to lead to, PEM; null for those that this host trusts.</summary>
    public string? FarmCaFile { get; init; }

    /// <summary>Of a controller: seconds that a host which has a job may say nothing of it, until another one gets it.</summary>
    public int FarmAckWaitSeconds { get; init; } = 30;

    /// <summary>Of a controller: seconds between two looks whether every job is where a host gets it.</summary>
    public int FarmReconcileSeconds { get; init; } = 60;

    /// <summary>Of a controller: servers of a NATS cluster that keep a copy each.</summary>
    public int FarmReplicas { get; init; } = 1;

    /// <summary>Of a controller: the PostgreSQL database that has the ledger; null for one in the state folder.</summary>
    public PostgresAddress? FarmLedger { get; init; }

    /// <summary>How busy its CPUs may be, in percent, for it to take a job of the farm.</summary>
    public int FarmQuietPercent { get; init; } = 20;
}
