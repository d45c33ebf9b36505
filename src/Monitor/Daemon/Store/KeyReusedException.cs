// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Store;

/// <summary>An idempotency key came again, with another job than the first time.</summary>
/// <param name="job">The first time's job.</param>
internal sealed class KeyReusedException(long job) : Exception($"this Idempotency-Key was that of job {job}, which asked for something else. Cure: take a new key for each job.")
{
    /// <summary>The first time's job.</summary>
    public long Job { get; } = job;
}
