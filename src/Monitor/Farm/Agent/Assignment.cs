// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Agent;

/// <summary>A job of the farm that this host was given.</summary>
/// <param name="Id">Its number here.</param>
/// <param name="Farm">The ledger that the job is of.</param>
/// <param name="FarmJob">The job's number in it.</param>
/// <param name="Job">The host's own job that does it.</param>
/// <param name="MaxAttempts">Attempts of all hosts after which it has failed.</param>
/// <param name="Run">What the ledger knows this attempt by.</param>
/// <param name="Delivery">How often the server has delivered it, to whichever host.</param>
/// <param name="Reply">The subject by which the server is told what has become of the delivery.</param>
/// <param name="StartedTold">Whether the farm knows that it has begun.</param>
internal sealed record Assignment(long Id, string Farm, long FarmJob, long Job, int MaxAttempts, string Run, int Delivery, string Reply, bool StartedTold);
