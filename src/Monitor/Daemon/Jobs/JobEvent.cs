// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon.Jobs;

/// <summary>Something that has happened, for who watches.</summary>
/// <param name="Id">Its number; each is greater than the one before.</param>
/// <param name="At">When.</param>
/// <param name="Kind">What, for example "job.done".</param>
/// <param name="Job">The job that it is about; null for none.</param>
/// <param name="Text">What there is to say.</param>
public sealed record JobEvent(long Id, DateTimeOffset At, string Kind, long? Job, string? Text);
