// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using Kvmsys.Monitor.Daemon;
using Kvmsys.Native;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Commands;

/// <summary>
/// This process as the daemon starts it for a job: an ordinary command, which does not outlive the daemon, has a limit on its memory, and tells in a file
/// how far it is.
/// </summary>
internal sealed class JobChild
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly JobStatusFile _status;
    private long _told;

    private JobChild(JobStatusFile status) => _status = status;

    /// <summary>What this process is for a daemon; null when it is none's child.</summary>
    public static JobChild? Current { get; private set; }

    /// <summary>Becomes a job's process, if the command line says so.</summary>
    /// <param name="arguments">The command line.</param>
    /// <returns>The command line of the command.</returns>
    /// <exception cref="CommandFailedException">The daemon has gone meanwhile, or the command line is none of its.</exception>
    public static string[] Enter(string[] arguments)
    {
        if (arguments is not [JobProcess.Verb, string parent, string mebibytes, string status, .. string[] command])
        {
            return arguments;
        }

        if (!int.TryParse(parent, NumberStyles.None, CultureInfo.InvariantCulture, out int process)
            || !uint.TryParse(mebibytes, NumberStyles.None, CultureInfo.InvariantCulture, out uint limit)
            || command.Length == 0)
        {
            throw new CommandFailedException(ExitCode.Usage, $"{JobProcess.Verb} is for kvmsys daemon alone. Cure: see kvmsys --help");
        }

        ProcessLimits.DieWithParent();
        if (ProcessLimits.Parent != process)
        {
            throw new CommandFailedException(ExitCode.Terminated, "the daemon has gone.");
        }

        try
        {
            ProcessLimits.GoFirstWithoutMemory();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            StandardStream.WriteMessage($"kvmsys: this job does not go first where memory is short: {exception.Message}\n");
        }

        try
        {
            ProcessLimits.LimitMemory((ulong)limit << 20);
        }
        catch (KvmException exception) when (exception.Errno is Errno.EPERM)
        {
            // There is one already, which is lower.
        }

        Current = new(new JobStatusFile(status));
        return command;
    }

    /// <summary>Tells how far it is, now and then.</summary>
    public void TellProgress(long done, long all)
    {
        if (done >= all || Stopwatch.GetElapsedTime(_told) > Pause)
        {
            _told = Stopwatch.GetTimestamp();
            _status.Write(new JobStatus(done, all, null));
        }
    }

    /// <summary>Tells how the program has ended: its status is a command's own otherwise.</summary>
    public void TellEnd(int status) => _status.Write(new JobStatus(1, 1, status));
}
