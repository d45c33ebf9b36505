// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Commands;

/// <summary>A command that cannot go on, with what to say and what to exit with.</summary>
internal sealed class CommandFailedException : Exception
{
    /// <summary>A failure.</summary>
    /// <param name="exitCode">One of <see cref="ExitCode"/>.</param>
    /// <param name="message">One line: what failed, with its values, and the cure.</param>
    public CommandFailedException(int exitCode, string message)
        : base(message) => ExitCode = exitCode;

    /// <summary>What to exit with.</summary>
    public int ExitCode { get; }
}
