// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Jobs;

/// <summary>What an attempt has come to.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="ExitStatus">The status of its process; 128 and the signal's number where one ended it; null where nobody knows.</param>
/// <param name="Reason">What went wrong; null where nothing did.</param>
/// <param name="Log">The end of what its process wrote to standard error.</param>
/// <param name="Document">What it has measured, as JSON; null for nothing.</param>
public sealed record AttemptEnd(AttemptOutcome Outcome, int? ExitStatus, string? Reason, string? Log, ReadOnlyMemory<byte>? Document)
{
    /// <summary>What an accepted bench says of each mechanism; empty for anything else.</summary>
    public IReadOnlyList<ResultVerdict> Results { get; init; } = [];
}
