// SPDX-License-Identifier: MIT

using System.Text.Json;
using Kvmsys.Monitor.Daemon.Api;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Metrics;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.History;
using Kvmsys.Monitor.Reports;
using Kvmsys.Native;

namespace Kvmsys.Monitor.Daemon;

/// <summary>Makes one attempt at a job, in a process of its own, and says what it has come to.</summary>
/// <param name="settings">How the daemon is set.</param>
/// <param name="store">Where the program's file is.</param>
/// <param name="readBench">Reads a bench's JSON.</param>
/// <param name="metrics">Counts what was measured.</param>
/// <param name="time">The clock.</param>
internal sealed class JobRunner(DaemonSettings settings, JobStore store, BenchReading readBench, DaemonMetrics metrics, TimeProvider time)
{
    private const string SpoolFolder = "spool";

    /// <summary>The process that runs now; null for none.</summary>
    public JobProcess? Current { get; private set; }

    private string Spool => Path.Combine(settings.StateFolder, SpoolFolder);

    /// <summary>Removes what attempts have left that nobody makes any more.</summary>
    public void ClearSpool()
    {
        if (Directory.Exists(Spool))
        {
            Directory.Delete(Spool, recursive: true);
        }
    }

    /// <summary>Makes an attempt.</summary>
    /// <param name="job">The job.</param>
    /// <param name="attempt">The attempt's number.</param>
    /// <param name="cancel">Cancelled when somebody does not want the job any more.</param>
    /// <param name="stop">Cancelled when the daemon has to stop.</param>
    /// <returns>What it has come to, and of a bench what the series keep.</returns>
    public async Task<(AttemptEnd End, HistoryEntry? Bench, IReadOnlyList<HistoryFigure> Figures)> Run(Job job, int attempt, CancellationToken cancel, CancellationToken stop)
    {
        string name = Path.Combine(Spool, $"{job.Id}.{attempt}");
        string? program = null;
        try
        {
            Directory.CreateDirectory(Spool, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            if (store.Program(job.Id) is byte[] file)
            {
                program = name + ".elf";
                await File.WriteAllBytesAsync(program, file, CancellationToken.None).ConfigureAwait(false);
            }

            using CancellationTokenSource wish = CancellationTokenSource.CreateLinkedTokenSource(cancel, stop);
            Current = new JobProcess(
                settings.Executable, JobArguments.Of(job.Request, job.DeadlineSeconds, settings.Device, program), settings.JobMemoryMebibytes, name + ".status");
            JobProcessEnd end = await Current.Run(
                TimeSpan.FromSeconds(job.DeadlineSeconds), TimeSpan.FromSeconds(settings.StopSeconds), wish.Token).ConfigureAwait(false);
            return Judge(job, end, cancel.IsCancellationRequested, stop.IsCancellationRequested);
        }
        catch (Exception exception) when (exception is KvmException or IOException or UnauthorizedAccessException)
        {
            return (new(AttemptOutcome.Crashed, null, $"its process could not be started: {exception.Message}", null, null), null, []);
        }
        finally
        {
            Current = null;
            if (program is not null)
            {
                File.Delete(program);
            }
        }
    }

    /// <summary>What a process said last, without its name in front; null where it said nothing.</summary>
    private static string? LastLineOf(string log)
    {
        const string name = "kvmsys: ";
        string? line = log.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault();
        return line is not null && line.StartsWith(name, StringComparison.Ordinal) ? line[name.Length..] : line;
    }

    /// <summary>The signal that has ended a process, in words; empty where none has.</summary>
    private static string SignalOf(int status)
    {
        const int bySignal = 128, lastSignal = 64;
        return status is > bySignal and <= bySignal + lastSignal ? $", by signal {status - bySignal}" : "";
    }

    private (AttemptEnd End, HistoryEntry? Bench, IReadOnlyList<HistoryFigure> Figures) Judge(Job job, JobProcessEnd end, bool cancelled, bool stopped)
    {
        BenchDocument? bench = null;
        ReadOnlyMemory<byte>? document = null;
        string? objection = null;
        switch (job.Request.Kind)
        {
            case JobKind.Bench when end.Output.Length > 0 && !end.TooMuch:
                bench = readBench(end.Output, out objection);
                document = bench is null ? null : end.Output;
                break;
            case JobKind.Run when end.ProgramStatus is int status:
                document = JsonSerializer.SerializeToUtf8Bytes(RunDocument.Of(end, status), DaemonJson.Default.RunDocument);
                break;
            case JobKind.Doctor when end is { ExitStatus: ExitCode.Done or ExitCode.NoKvm or ExitCode.CannotRunGuest, Output.Length: > 0 }:
                document = end.Output;
                break;
            default:
                break;
        }

        metrics.Measured(job.Request.Kind, end.Elapsed, bench);
        string? lastLine = LastLineOf(end.Log);
        bool succeeded = document is not null && (job.Request.Kind != JobKind.Bench || (end.ExitStatus == ExitCode.Done && bench!.Complete));
        (AttemptOutcome outcome, string? reason) = succeeded ? (AttemptOutcome.Succeeded, null)
            : cancelled ? (AttemptOutcome.Cancelled, "cancelled")
            : stopped ? (AttemptOutcome.Interrupted, "the daemon was asked to stop")
            : end.TooLong || end.ExitStatus == ExitCode.TimeOut ? (AttemptOutcome.TimedOut, $"it was still running after its {job.DeadlineSeconds} s")
            : end.TooMuch ? (AttemptOutcome.Crashed, "it wrote more than any job does")
            : end.ExitStatus == ExitCode.Unstable && bench is not null ? (AttemptOutcome.Unstable, lastLine)
            : end.ExitStatus is ExitCode.Usage or ExitCode.NoKvm or ExitCode.CannotRunGuest ? (AttemptOutcome.Refused, lastLine)
            : (AttemptOutcome.Crashed, objection ?? $"its process ended with status {end.ExitStatus}{SignalOf(end.ExitStatus)}{(lastLine is null ? "" : $": {lastLine}")}");
        AttemptEnd attempt = new(outcome, end.ExitStatus, reason, end.Log.Length > 0 ? end.Log : null, document);
        if (!succeeded || bench is null)
        {
            return (attempt, null, []);
        }

        HistoryEntry entry = BenchFigures.EntryOf(bench, time.GetUtcNow());
        HistoryFigure[] figures = [.. BenchFigures.Of(bench, entry)];
        return (attempt with { Results = ResultVerdict.Of(bench, figures) }, entry, figures);
    }
}
