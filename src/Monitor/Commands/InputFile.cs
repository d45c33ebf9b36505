// SPDX-License-Identifier: MIT

using Kvmsys.Native;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Commands;

/// <summary>A file that the command line names.</summary>
internal static class InputFile
{
    /// <summary>Reads a file, when it is a regular one that is not too large: a device would have no end, and a pipe nobody who writes.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="what">What it is for, to be told.</param>
    /// <param name="most">Bytes that it may have.</param>
    /// <exception cref="CommandFailedException">It cannot be read.</exception>
    public static byte[] Read(string path, string what, uint most)
    {
        try
        {
            using OpenFile file = OpenFile.ForReading(path);
            int error = -file.Stat(out Statx status);
            string? refusal = (status.StxMode & Statx.SIfmt) switch
            {
                _ when error != 0 => $"{(Errno)error}",
                Statx.SIfdir => "it is a folder",
                not Statx.SIfreg => "it is no regular file",
                _ when status.StxSize > most => $"it has {status.StxSize >> 10} KiB, and {most >> 10} KiB are the most",
                _ => null,
            };
            return refusal is null ? ReadAll(file, (int)status.StxSize) : throw Refuse(refusal);
        }
        catch (KvmException exception)
        {
            throw Refuse(exception.Errno switch
            {
                Errno.ENOENT or Errno.ENOTDIR => "there is no such file",
                Errno.EACCES or Errno.EPERM => "it may not be read",
                Errno error => $"{error}",
            });
        }

        CommandFailedException Refuse(string reason) => new(ExitCode.Usage, $"the {what} {Shown.OneLine(path)} cannot be used: {reason}.");
    }

    /// <summary>Reads a file that may become shorter meanwhile, and no more than it had.</summary>
    private static byte[] ReadAll(OpenFile file, int size)
    {
        byte[] bytes = new byte[size];
        int done = 0;
        while (done < size && file.Read(bytes.AsSpan(done)) is int read and not 0)
        {
            done += read > 0 ? read : throw new KvmException("read", (Errno)(-read));
        }

        return bytes[..done];
    }
}
