// SPDX-License-Identifier: MIT

using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Kvmsys.Native;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Daemon;

/// <summary>A job's process: this binary again, with a deadline and a limit on its memory, so that a guest that hangs or a crash costs one job.</summary>
/// <remarks>
/// It ends with the daemon (PR_SET_PDEATHSIG). The kernel means by that the thread that has started it, so one thread starts it and waits for its end.
/// </remarks>
internal sealed class JobProcess
{
    /// <summary>What tells the binary that it is to be a job's process: the daemon's process, a memory limit in MiB and a <see cref="JobStatusFile"/> follow, and a command line.</summary>
    public const string Verb = "job-process";

    // More than any bench writes.
    private const int MostOutputBytes = 64 << 20;
    private const int MostLogChars = 64 << 10;

    private const int Sigterm = 15;
    private const int Sigkill = 9;

    private readonly ProcessStartInfo _start;
    private readonly JobStatusFile _status;

    /// <summary>A process that is not started yet.</summary>
    /// <param name="executable">This binary.</param>
    /// <param name="command">The command and its arguments.</param>
    /// <param name="memoryMebibytes">The most memory that it may write, in MiB.</param>
    /// <param name="statusPath">Where it tells how far it is: a file that is not there.</param>
    public JobProcess(string executable, IEnumerable<string> command, int memoryMebibytes, string statusPath)
    {
        _status = new(statusPath);
        _start = new(
            executable,
            [Verb, Environment.ProcessId.ToString(CultureInfo.InvariantCulture), memoryMebibytes.ToString(CultureInfo.InvariantCulture), statusPath, .. command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
    }

    /// <summary>How far it is; null when it has not told yet.</summary>
    public JobStatus? Status => _status.Read();

    /// <summary>Runs it to its end. From another thread it is ended by <paramref name="wish"/>: asked first, and killed when it does not listen.</summary>
    /// <param name="deadline">When it has to have ended by itself.</param>
    /// <param name="patience">How long it may take to end when it was asked to.</param>
    /// <param name="wish">Cancelled when it is to end.</param>
    /// <returns>What it has come to.</returns>
    public Task<JobProcessEnd> Run(TimeSpan deadline, TimeSpan patience, CancellationToken wish)
    {
        TaskCompletionSource<JobProcessEnd> end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Thread thread = new(() =>
        {
            try
            {
                end.SetResult(RunHere(deadline, patience, wish));
            }
#pragma warning disable CA1031 // Whatever it is, it belongs to who waits for the end.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                end.SetException(exception);
            }
        })
        {
            IsBackground = true,
            Name = "job",
        };
        thread.Start();
        return end.Task;
    }

    private JobProcessEnd RunHere(TimeSpan deadline, TimeSpan patience, CancellationToken wish)
    {
        _status.Delete();
        using Process process = Start();
        try
        {
            return RunToItsEnd(process, deadline, patience, wish);
        }
        finally
        {
            // Nobody else would end it.
            if (!process.HasExited)
            {
                process.Kill();
                process.WaitForExit();
            }
        }
    }

    private JobProcessEnd RunToItsEnd(Process process, TimeSpan deadline, TimeSpan patience, CancellationToken wish)
    {
        using ProcessHandle? handle = ProcessHandle.Open(process.Id);
        process.StandardInput.Close();
        bool tooMuch = false;
        Task<byte[]> output = ReadOutput(process.StandardOutput.BaseStream, () =>
        {
            tooMuch = true;
            handle?.Send(Sigkill);
        });
        Task<string> log = ReadLog(process.StandardError);
        long start = Stopwatch.GetTimestamp();
        bool tooLong = WaitForExit(process, deadline, wish);

        // Asked to end, it asks its program: what that answers is not an end of its own.
        JobStatus? byItself = null;
        bool asked = !process.HasExited;
        if (asked)
        {
            byItself = Status;
            handle?.Send(Sigterm);
            if (!process.WaitForExit(patience))
            {
                handle?.Send(Sigkill);
            }
        }

        process.WaitForExit();
        JobStatus? last = asked ? byItself : Status;
        _status.Delete();
        return new JobProcessEnd(process.ExitCode, tooLong, tooMuch, output.Result, log.Result, last?.ProgramStatus, Stopwatch.GetElapsedTime(start));
    }

    private Process Start()
    {
        try
        {
            return Process.Start(_start)!;
        }
        catch (Win32Exception exception)
        {
            throw new KvmException("execve", (Errno)exception.NativeErrorCode, _start.FileName);
        }
    }

    /// <summary>Waits until it has ended, or has to.</summary>
    /// <returns>Whether its time is over.</returns>
    private static bool WaitForExit(Process process, TimeSpan deadline, CancellationToken wish)
    {
        try
        {
            using CancellationTokenSource time = CancellationTokenSource.CreateLinkedTokenSource(wish);
            time.CancelAfter(deadline);
            process.WaitForExitAsync(time.Token).GetAwaiter().GetResult();
            return false;
        }
        catch (OperationCanceledException)
        {
            return !wish.IsCancellationRequested && !process.HasExited;
        }
    }

    private static async Task<byte[]> ReadOutput(Stream stream, Action tooMuch)
    {
        using MemoryStream output = new();
        byte[] buffer = new byte[64 << 10];
        while (await stream.ReadAsync(buffer).ConfigureAwait(false) is int read and > 0)
        {
            if (output.Length + read > MostOutputBytes)
            {
                tooMuch();
                break;
            }

            output.Write(buffer, 0, read);
        }

        return output.ToArray();
    }

    /// <summary>The end of what is written.</summary>
    private static async Task<string> ReadLog(StreamReader reader)
    {
        StringBuilder log = new();
        char[] buffer = new char[4 << 10];
        while (await reader.ReadAsync(buffer).ConfigureAwait(false) is int read and > 0)
        {
            log.Append(buffer, 0, read);
            if (log.Length > 2 * MostLogChars)
            {
                log.Remove(0, log.Length - MostLogChars);
            }
        }

        return log.ToString(Math.Max(0, log.Length - MostLogChars), Math.Min(log.Length, MostLogChars));
    }
}
