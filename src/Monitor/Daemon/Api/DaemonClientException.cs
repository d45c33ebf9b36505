// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>A daemon has refused, or did not answer.</summary>
/// <param name="status">The status of its answer; null for none.</param>
/// <param name="message">What it says, or what went wrong.</param>
internal sealed class DaemonClientException(int? status, string message) : Exception(message)
{
    /// <summary>The status of its answer; null for none.</summary>
    public int? Status { get; } = status;
}
