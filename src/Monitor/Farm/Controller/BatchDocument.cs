// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Daemon.Api;

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>A job for several hosts in JSON.</summary>
internal sealed record BatchDocument
{
    /// <summary>Its number.</summary>
    public required long Id { get; init; }

    /// <summary>When it was submitted.</summary>
    public required DateTimeOffset SubmittedAt { get; init; }

    /// <summary>Who has submitted it.</summary>
    public required string SubmittedBy { get; init; }

    /// <summary>Which hosts were meant.</summary>
    public required string Target { get; init; }

    /// <summary>Its jobs, the first first.</summary>
    public required IReadOnlyList<JobDocument> Jobs { get; init; }
}
