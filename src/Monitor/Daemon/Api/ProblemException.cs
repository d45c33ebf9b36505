// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>A request that is answered with a <see cref="Problem"/>.</summary>
/// <param name="status">The status.</param>
/// <param name="detail">What is wrong, and the cure.</param>
/// <param name="errors">Each thing that is wrong, where there are several.</param>
internal sealed class ProblemException(int status, string detail, IReadOnlyList<string>? errors = null) : Exception(detail)
{
    /// <summary>The status.</summary>
    public int Status { get; } = status;

    /// <summary>Each thing that is wrong, where there are several; null where there is one.</summary>
    public IReadOnlyList<string>? Errors { get; } = errors;

    /// <summary>Seconds after which it is worth trying again; null for never.</summary>
    public int? RetryAfterSeconds { get; init; }
}
