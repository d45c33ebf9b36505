// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Commands;

/// <summary>A file that the command line names.</summary>
internal static class InputFile
{
    /// <summary>Reads a file, when it is a regular one that is not too large.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="what">What it is for, to be told.</param>
    /// <param name="most">Bytes that it may have.</param>
    /// <exception cref="CommandFailedException">It cannot be read.</exception>
    public static byte[] Read(string path, string what, long most)
    {
        string name = Shown.OneLine(path);
        try
        {
            FileAttributes attributes = File.GetAttributes(path);
            if (attributes.HasFlag(FileAttributes.Directory))
            {
                throw new CommandFailedException(ExitCode.Usage, $"{name} is a folder; the {what} must be a file.");
            }

            // A device would have no end, and a pipe nobody who writes.
            FileInfo file = new(path);
            if (file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target)
            {
                file = target;
            }

            if (attributes.HasFlag(FileAttributes.Device) || File.GetUnixFileMode(path) == UnixFileMode.None || (file.Length == 0 && !IsRegular(file)))
            {
                throw new CommandFailedException(ExitCode.Usage, $"{name} is no regular file; the {what} must be one.");
            }

            return file.Length <= most
                ? File.ReadAllBytes(path)
                : throw new CommandFailedException(ExitCode.Usage, $"{name} has {file.Length >> 20} MiB; the {what} may have {most >> 20} MiB.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Usage, $"{name} cannot be read: {Shown.OneLine(exception.Message)}");
        }
    }

    private static bool IsRegular(FileInfo file) => file.Attributes.HasFlag(FileAttributes.Normal) || file.Attributes.HasFlag(FileAttributes.Archive);
}
