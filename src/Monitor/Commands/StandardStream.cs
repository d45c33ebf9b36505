// SPDX-License-Identifier: MIT

using System.Text;
using Kvmsys.Native;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Commands;

/// <summary>
/// Standard output and standard error without the runtime's console, which takes a closed pipe for success, and starts up a whole terminal
/// before the first character; a result must not be lost so quietly, and an error must still be told when memory is short.
/// </summary>
internal static class StandardStream
{
    /// <summary>Writes results to standard output.</summary>
    /// <exception cref="CommandFailedException">It is closed, or its disk is full.</exception>
    public static void WriteResults(string text) => WriteResults(Encoding.UTF8.GetBytes(text));

    /// <summary>Writes results that are no text to standard output.</summary>
    /// <exception cref="CommandFailedException">It is closed, or its disk is full.</exception>
    public static void WriteResults(ReadOnlySpan<byte> bytes)
    {
        try
        {
            FileDescriptor.WriteAll(FileDescriptor.StandardOutput, bytes);
        }
        catch (KvmException exception)
        {
            throw new CommandFailedException(
                ExitCode.CannotWrite,
                $"standard output cannot be written: {exception.Message}. Cure: keep it open, and its disk from being full.");
        }
    }

    /// <summary>Writes messages to standard error, as far as that is possible.</summary>
    public static void WriteMessage(string text)
    {
        try
        {
            FileDescriptor.WriteAll(FileDescriptor.StandardError, Encoding.UTF8.GetBytes(text));
        }
        catch (KvmException)
        {
            // Closed too: the exit status is all that is left to tell it by.
        }
    }
}
