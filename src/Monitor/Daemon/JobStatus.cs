// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon;

/// <summary>How far a job's process is.</summary>
/// <param name="Done">How much it has done.</param>
/// <param name="All">How much there is.</param>
/// <param name="ProgramStatus">How the program that it runs has ended; null while it has not, or where it runs none.</param>
internal readonly record struct JobStatus(long Done, long All, int? ProgramStatus);
