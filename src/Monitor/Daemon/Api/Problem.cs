// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>What went wrong with a request: RFC 9457, application/problem+json.</summary>
internal sealed record Problem
{
    /// <summary>The status's name.</summary>
    public required string Title { get; init; }

    /// <summary>The status.</summary>
    public required int Status { get; init; }

    /// <summary>What exactly, and the cure.</summary>
    public required string Detail { get; init; }

    /// <summary>Each thing that is wrong, where there are several; null where there is one.</summary>
    public IReadOnlyList<string>? Errors { get; init; }
}
