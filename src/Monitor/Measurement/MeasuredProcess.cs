// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Kvmsys.Guest.Elf;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Machine;
using Kvmsys.Native;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Measurement;

/// <summary>An entry path as a process of the host's own Linux, which the same program that guests run enters: what the running kernel's calls cost.</summary>
public sealed class MeasuredProcess : IMeasuredProgram
{
    private const int SignalStatus = 128;
    private const int Sigint = 2;
    private const int Sigterm = 15;
    private static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(1);

    private readonly EntryPath _path;
    private readonly uint _callsInRound;
    private readonly int _bitness;
    private readonly Process _process;
    private ProcessMoment? _first;
    private ProcessMoment _last;

    /// <summary>Starts the process.</summary>
    /// <param name="path">What it does.</param>
    /// <param name="placement">Where it runs; null for wherever the scheduler likes.</param>
    /// <param name="callsInRound">Calls between two turns of the program's loop.</param>
    /// <exception cref="KvmException">
    /// The kernel does not execute such a program (ENOEXEC), the CPU is not there for this process, or there are too many files or processes.
    /// </exception>
    public MeasuredProcess(EntryPath path, VcpuPlacement? placement = null, uint callsInRound = CallLoop.CallsPerRound)
    {
        ArgumentNullException.ThrowIfNull(path);
        _path = path;
        _callsInRound = callsInRound;
        GuestProgram program = new CallLoop(path.Mechanism) { Offset = path.Alignment, CallsInRound = callsInRound }.Assemble(path.Profile);
        _bitness = program.Bitness;
        ImmutableArray<ProgramSegment> segments = [.. program.Segments.Where(segment => segment.End != GuestProgram.StackTop)];
        _process = Start(new StaticProgram(segments, program.Entry, program.Bitness).ToArray(), placement);
    }

    /// <inheritdoc/>
    /// <remarks>By CLOCK_MONOTONIC_RAW, over all runs so far.</remarks>
    public int? TscKhz => _first is ProcessMoment first
        ? (int)Math.Round((_last.TscTicks - first.TscTicks) * 1e6 / (_last.Nanoseconds(_bitness) - first.Nanoseconds(_bitness)))
        : null;

    /// <inheritdoc/>
    public GrantedPlacement Placed { get; private set; }

    /// <summary>Whether the kernel has a page with an entry for such programs (AT_SYSINFO). Known after a run.</summary>
    public bool HasVsyscall { get; private set; }

    /// <inheritdoc/>
    public CallRun Run(in CallLoopParameters parameters, TimeSpan timeLimit, CancellationToken cancellation = default)
    {
        CallLoopParameters input = parameters;
        ProcessResults output = default;
        bool tooLong = false;
        long start = Stopwatch.GetTimestamp();
        try
        {
            // A registration's end waits for what it has begun, so that nothing is killed afterwards.
            using CancellationTokenSource deadline = new(timeLimit);
            using CancellationTokenRegistration ending = cancellation.Register(_process.Kill);
            using CancellationTokenRegistration limiting = deadline.Token.Register(() =>
            {
                tooLong = true;
                _process.Kill();
            });
            _process.StandardInput.BaseStream.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<CallLoopParameters>(ref input)));
            _process.StandardInput.BaseStream.Flush();
            _process.StandardOutput.BaseStream.ReadExactly(MemoryMarshal.AsBytes(new Span<ProcessResults>(ref output)));
        }
        catch (IOException)
        {
            // The other end of a pipe is gone, and the process with it.
            throw Stopped(tooLong, Stopwatch.GetElapsedTime(start), cancellation);
        }

        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        if (_path.IsAnswered && output.Calls.LastResult != (uint)_process.Id)
        {
            throw new InvalidOperationException(
                $"getpid answered {output.Calls.LastResult} and not {_process.Id}: {_path} did not enter the host's kernel.");
        }

        _first ??= output.Started;
        _last = output.Ended;
        HasVsyscall = output.VsyscallEntry != 0;
        return new CallRun
        {
            Path = _path,
            CallsInRound = _callsInRound,
            Parameters = parameters,
            Results = output.Calls,
            Statistics = null,
            Elapsed = elapsed,
            UsageBefore = UsageOf(output.Started),
            UsageAfter = UsageOf(output.Ended),
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Where its input ends, so does the process. The stream itself is closed, for its writer would first look whether the process is there.
        _process.StandardInput.BaseStream.Dispose();
        if (!_process.WaitForExit(TimeToEnd))
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private Process Start(byte[] program, VcpuPlacement? placement)
    {
        const string name = "the measured program";
        using OpenFile file = OpenFile.InMemory("kvmsys-bench");
        int written = file.Write(program);
        if (written != program.Length)
        {
            throw new KvmException("write", written < 0 ? (Errno)(-written) : Errno.ENOSPC, name);
        }

        try
        {
            ProcessStartInfo start = new($"/proc/self/fd/{file.Descriptor}") { RedirectStandardInput = true, RedirectStandardOutput = true };

            // A process is born where the thread is that starts it, with the thread's precedence.
            using VcpuThread thread = new();
            Process? process = null;
            thread.Invoke(() =>
            {
                Placed = placement?.ApplyToThread() ?? default;
                process = Process.Start(start);
            });
            return process!;
        }
        catch (Win32Exception exception)
        {
            throw new KvmException("execve", (Errno)exception.NativeErrorCode, name);
        }
    }

    private GuestStoppedException Stopped(bool tooLong, TimeSpan elapsed, CancellationToken cancellation)
    {
        _process.WaitForExit();

        // Ctrl-C reaches both processes; which hears of it first is open.
        bool interrupted = _process.ExitCode is SignalStatus + Sigint or SignalStatus + Sigterm && cancellation.WaitHandle.WaitOne(TimeToEnd);
        StopReason reason = interrupted || cancellation.IsCancellationRequested ? StopReason.Cancelled : tooLong ? StopReason.Deadline : StopReason.Exit;
        return new GuestStoppedException(
            $"{_path.Mechanism} on {_path.Profile}".ToLowerInvariant(),
            new MachineStop(reason, (uint)_process.ExitCode, Crash: null, Statistics: null, elapsed, default, default));
    }

    private ThreadUsage UsageOf(in ProcessMoment moment) =>
        new((int)moment.Cpu, moment.VoluntarySwitches(_bitness), moment.InvoluntarySwitches(_bitness), moment.PageFaults(_bitness));
}
