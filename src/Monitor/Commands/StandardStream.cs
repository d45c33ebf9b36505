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
    public static void WriteResults(string text)
    {
        try
        {
            Write(FileDescriptor.StandardOutput, text);
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
            Write(FileDescriptor.StandardError, text);
        }
        catch (KvmException)
        {
            // Closed too: the exit status is all that is left to tell it by.
        }
    }

    private static void Write(int descriptor, string text) => FileDescriptor.WriteAll(descriptor, Encoding.UTF8.GetBytes(text));
}
