// SPDX-License-Identifier: MIT

using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Kvmsys.Monitor.Commands;

/// <summary>
/// Standard output and standard error as plain files. The runtime's own console takes a closed pipe for success, and starts up a whole terminal
/// before the first character; a result must not be lost so quietly, and an error must still be told when memory is short.
/// </summary>
internal static class StandardStream
{
    private const int Output = 1;
    private const int Error = 2;

    /// <summary>Writes results to standard output.</summary>
    /// <exception cref="CommandFailedException">It is closed, or its disk is full.</exception>
    public static void WriteResults(string text)
    {
        try
        {
            Write(Output, text);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(
                ExitCode.CannotWrite,
                $"standard output cannot be written: {exception.Message} Cure: keep it open, and its disk from being full.");
        }
    }

    /// <summary>Writes messages to standard error, as far as that is possible.</summary>
    public static void WriteMessage(string text)
    {
        try
        {
            Write(Error, text);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Closed too: the exit status is all that is left to tell it by.
        }
    }

    private static void Write(int descriptor, string text)
    {
        using SafeFileHandle handle = new(descriptor, ownsHandle: false);
        using FileStream stream = new(handle, FileAccess.Write, bufferSize: 0);
        stream.Write(Encoding.UTF8.GetBytes(text));
    }
}
