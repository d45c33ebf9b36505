// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Daemon;

/// <summary>How a job's process has ended.</summary>
/// <param name="ExitStatus">Its status; 128 and the signal's number where one ended it.</param>
/// <param name="TooLong">Whether its time was over.</param>
/// <param name="TooMuch">Whether it wrote more than anybody wants.</param>
/// <param name="Output">What it wrote to standard output.</param>
/// <param name="Log">The end of what it wrote to standard error.</param>
/// <param name="ProgramStatus">How the program has ended that it ran; null where it ran none, or none to an end of its own.</param>
/// <param name="Elapsed">How long it took.</param>
internal sealed record JobProcessEnd(int ExitStatus, bool TooLong, bool TooMuch, byte[] Output, string Log, int? ProgramStatus, TimeSpan Elapsed);
