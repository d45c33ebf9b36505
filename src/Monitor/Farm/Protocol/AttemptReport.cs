// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Jobs;

namespace Kvmsys.Monitor.Farm.Protocol;

/// <summary>What a host says of an attempt at a job: that it has begun, or in the stream <see cref="FarmSubjects.Results"/> what it has come to.</summary>
internal sealed record AttemptReport
{
    /// <summary>What the sender speaks.</summary>
    public required int Protocol { get; init; }

    /// <summary>The ledger that the number is of.</summary>
    public required string Farm { get; init; }

    /// <summary>The job's number in it.</summary>
    public required long Job { get; init; }

    /// <summary>The host that makes the attempt.</summary>
    public required string Host { get; init; }

    /// <summary>What the host itself knows the attempt by.</summary>
    public required string Run { get; init; }

    /// <summary>When it began, by the host's clock.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it ended, by the host's clock; null while it has not.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>How; null while it has not.</summary>
    public AttemptOutcome? Outcome { get; init; }

    /// <summary>Whether the server was asked to give the job to somebody again.</summary>
    public bool Again { get; init; }

    /// <summary>The status of its process.</summary>
    public int? ExitStatus { get; init; }

    /// <summary>What went wrong.</summary>
    public string? Reason { get; init; }

    /// <summary>The end of what its process wrote to standard error.</summary>
    public string? Log { get; init; }

    /// <summary>What it has measured, compressed by Brotli; null for nothing.</summary>
    public byte[]? Document { get; init; }
}
