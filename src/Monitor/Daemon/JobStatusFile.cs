// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Kvmsys.Monitor.Daemon;

/// <summary>The file in which a job's process tells how far it is: three numbers of fixed width, so that each telling is one write.</summary>
/// <param name="path">The file.</param>
internal sealed class JobStatusFile(string path)
{
    private const string None = "-";

    /// <summary>Writes it. That it cannot be written is no reason to measure nothing.</summary>
    public void Write(JobStatus status)
    {
        try
        {
            string program = status.ProgramStatus?.ToString(CultureInfo.InvariantCulture) ?? None;
            using FileStream file = new(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
            file.Write(System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{status.Done,20} {status.All,20} {program,4}\n")));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The disk is full, or the folder gone: the end of the process is told by its status.
        }
    }

    /// <summary>Reads it; null when there is nothing to read yet.</summary>
    public JobStatus? Read()
    {
        try
        {
            string[] words = File.ReadAllText(path).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            return words is [string done, string all, string program]
                && long.TryParse(done, NumberStyles.None, CultureInfo.InvariantCulture, out long doneNumber)
                && long.TryParse(all, NumberStyles.None, CultureInfo.InvariantCulture, out long allNumber)
                ? new(doneNumber, allNumber, int.TryParse(program, NumberStyles.None, CultureInfo.InvariantCulture, out int status) ? status : null)
                : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Removes it.</summary>
    public void Delete() => File.Delete(path);
}
