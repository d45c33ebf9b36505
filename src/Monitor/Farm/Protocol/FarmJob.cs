// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Jobs;

namespace Kvmsys.Monitor.Farm.Protocol;

/// <summary>A job as it lies in the stream <see cref="FarmSubjects.Jobs"/>.</summary>
internal sealed record FarmJob
{
    /// <summary>What the sender speaks.</summary>
    public required int Protocol { get; init; }

    /// <summary>The ledger that the number is of: one that was begun anew counts from 1 again.</summary>
    public required string Farm { get; init; }

    /// <summary>The job's number in the ledger.</summary>
    public required long Job { get; init; }

    /// <summary>Seconds that an attempt may take.</summary>
    public required int DeadlineSeconds { get; init; }

    /// <summary>Attempts after which it has failed for good.</summary>
    public required int MaxAttempts { get; init; }

    /// <summary>What was asked for, without the program's file.</summary>
    public required JobRequest Request { get; init; }

    /// <summary>The program's file, compressed by Brotli; null for none.</summary>
    public byte[]? Program { get; init; }
}
