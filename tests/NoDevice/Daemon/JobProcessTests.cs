// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Kvmsys.Monitor.Daemon;
using Kvmsys.Native;
using Kvmsys.Native.Linux;
using Kvmsys.Tests.NoDevice.CommandLine;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>A job's process comes to an end, whatever happens to it, and tells which.</summary>
public sealed class JobProcessTests : IDisposable
{
    private const int MemoryMebibytes = 2048;
    private const int Sigkill = 9;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan NoDeadline = TimeSpan.FromMinutes(10);

    private static readonly string[] ShortBench =
        ["bench", "--json", "--no-history", "--profile", "host64", "--mechanism", "call", "--sessions", "1", "--runs", "1"];

    private static readonly string[] LongBench = ["bench", "--json", "--no-history", "--profile", "host64", "--full"];

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-test-").FullName;

    private string StatusPath => Path.Combine(_folder, "1.1.status");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_bench_gives_its_JSON()
    {
        JobProcessEnd end = await Job(ShortBench).Run(NoDeadline, Patience, CancellationToken.None);

        // What is measured while others work may be too little to be trusted.
        Assert.True(end.ExitStatus is 0 or 5, end.Log);
        Assert.Equal((false, false, null), (end.TooLong, end.TooMuch, end.ProgramStatus));
        using JsonDocument bench = JsonDocument.Parse(end.Output);
        Assert.Equal("call", Assert.Single(bench.RootElement.GetProperty("results").EnumerateArray()).GetProperty("mechanism").GetString());
        Assert.False(File.Exists(StatusPath));
    }

    [Fact]
    public async Task A_process_of_before_is_not_taken_for_this_one()
    {
        new JobStatusFile(StatusPath).Write(new JobStatus(1, 1, 7));
        JobProcessEnd end = await Job("doctor", "--device", "/no/such/device").Run(NoDeadline, Patience, CancellationToken.None);
        Assert.Null(end.ProgramStatus);
    }

    [Fact]
    public async Task What_takes_too_long_is_ended()
    {
        JobProcessEnd end = await Job(LongBench).Run(TimeSpan.FromSeconds(1), Patience, CancellationToken.None);
        Assert.True(end.TooLong);
        Assert.NotEqual(0, end.ExitStatus);
    }

    [Fact]
    public async Task It_tells_how_far_it_is_and_ends_in_order_when_somebody_wishes_so()
    {
        using CancellationTokenSource wish = new();
        JobProcess job = Job(LongBench);
        Task<JobProcessEnd> run = job.Run(NoDeadline, Patience, wish.Token);
        JobStatus status = await UntilTold(job, run);
        Assert.InRange(status.Done, 0, status.All - 1);
        Assert.Null(status.ProgramStatus);
        await wish.CancelAsync();
        JobProcessEnd end = await run;
        Assert.Equal((143, false), (end.ExitStatus, end.TooLong));
        Assert.EndsWith("kvmsys: interrupted\n", end.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wish_of_before_the_start_ends_it_too()
    {
        JobProcessEnd end = await Job(LongBench).Run(NoDeadline, Patience, new CancellationToken(canceled: true));
        Assert.NotEqual(0, end.ExitStatus);
        Assert.False(end.TooLong);
    }

    [Fact]
    public async Task What_does_not_listen_is_killed()
    {
        using CancellationTokenSource wish = new();
        JobProcess job = new(Script("trap '' TERM; echo '1 1 -' >\"$4\"; while :; do sleep 0.1; done"), [], MemoryMebibytes, StatusPath);
        Task<JobProcessEnd> run = job.Run(NoDeadline, TimeSpan.FromMilliseconds(100), wish.Token);
        await UntilTold(job, run);
        await wish.CancelAsync();
        JobProcessEnd end = await run;
        Assert.Equal((128 + Sigkill, false), (end.ExitStatus, end.TooLong));
    }

    [Theory]
    [InlineData("1 1 -", null)]
    [InlineData("1 1 7", 7)]
    public async Task How_a_program_ends_that_was_asked_to_is_not_its_end_unless_it_had_come_to_one(string told, int? programStatus)
    {
        using CancellationTokenSource wish = new();
        JobProcess job = new(
            Script($"trap 'echo 1 1 143 >\"$4\"; exit 143' TERM; echo '{told}' >\"$4\"; while :; do sleep 0.1; done"), [], MemoryMebibytes, StatusPath);
        Task<JobProcessEnd> run = job.Run(NoDeadline, Patience, wish.Token);
        await UntilTold(job, run);
        await wish.CancelAsync();
        JobProcessEnd end = await run;
        Assert.Equal((143, programStatus), (end.ExitStatus, end.ProgramStatus));
    }

    [Fact]
    public async Task What_somebody_has_killed_tells_the_signal()
    {
        JobProcess job = Job(LongBench);
        Task<JobProcessEnd> run = job.Run(NoDeadline, Patience, CancellationToken.None);
        await UntilTold(job, run);
        using (ProcessHandle handle = ProcessHandle.Open(ProcessOf(StatusPath))!)
        {
            handle.Send(Sigkill);
        }

        JobProcessEnd end = await run;
        Assert.Equal((128 + Sigkill, false, false), (end.ExitStatus, end.TooLong, end.TooMuch));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(8)]
    public async Task Too_little_memory_costs_the_job_alone(int mebibytes)
    {
        JobProcess job = new(Checkout.Binary, LongBench, mebibytes, StatusPath);
        JobProcessEnd end = await job.Run(NoDeadline, Patience, CancellationToken.None);
        Assert.True(end.ExitStatus is not (0 or 5), end.Log);
        Assert.False(end.TooLong);
    }

    [Fact]
    public async Task A_binary_that_is_not_there_is_told() => Assert.Contains(
        "/no/such/kvmsys",
        (await Assert.ThrowsAsync<KvmException>(() => new JobProcess("/no/such/kvmsys", ShortBench, MemoryMebibytes, StatusPath).Run(
            NoDeadline, Patience, CancellationToken.None))).Message,
        StringComparison.Ordinal);

    [Fact]
    public async Task Much_that_is_written_is_too_much()
    {
        JobProcess job = new(Script("exec cat /dev/zero"), [], MemoryMebibytes, StatusPath);
        JobProcessEnd end = await job.Run(NoDeadline, Patience, CancellationToken.None);
        Assert.Equal((true, 128 + Sigkill), (end.TooMuch, end.ExitStatus));
        Assert.InRange(end.Output.Length, 1, 64 << 20);
    }

    [Fact]
    public async Task Of_a_log_the_end_is_kept()
    {
        JobProcess job = new(Script("for ((i = 1; i <= 40000; i++)); do echo \"line $i\"; done >&2"), [], MemoryMebibytes, StatusPath);
        JobProcessEnd end = await job.Run(NoDeadline, Patience, CancellationToken.None);
        Assert.Equal(0, end.ExitStatus);
        Assert.EndsWith("line 39999\nline 40000\n", end.Log, StringComparison.Ordinal);
        Assert.InRange(end.Log.Length, 1000, 64 << 10);
    }

    [Fact]
    public async Task It_ends_with_who_has_started_it()
    {
        // Bash is the daemon here, and is killed as one may be.
        string command = string.Join(' ', LongBench);
        using Process parent = Shell.Start($"$kvmsys job-process $$ {MemoryMebibytes} {StatusPath} {command} >/dev/null 2>&1 & echo $!; wait");
        int child = int.Parse((await parent.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
        using ProcessHandle? handle = ProcessHandle.Open(child);
        Stopwatch waiting = Stopwatch.StartNew();
        JobStatusFile status = new(StatusPath);
        while (status.Read() is null)
        {
            Assert.True(IsAlive(child) && waiting.Elapsed < Patience, "it does not tell how far it is");
            await Task.Delay(10);
        }

        parent.Kill();
        await parent.WaitForExitAsync();
        waiting.Restart();
        while (IsAlive(child))
        {
            if (waiting.Elapsed > Patience)
            {
                handle?.Send(Sigkill);
                Assert.Fail("it has outlived who has started it");
            }

            await Task.Delay(10);
        }
    }

    [Fact]
    public void Who_has_gone_before_is_noticed()
    {
        (int status, string output, string error) = Shell.Run($"$kvmsys job-process 999999999 {MemoryMebibytes} {StatusPath} {string.Join(' ', ShortBench)}; exit $?");
        Assert.Equal((143, "", "kvmsys: the daemon has gone."), (status, output, error.TrimEnd()));
        Assert.False(File.Exists(StatusPath));
    }

    [Theory]
    [InlineData("")]
    [InlineData("$$")]
    [InlineData("$$ 100")]
    [InlineData("$$ 100 /nowhere")]
    [InlineData("one 100 /nowhere doctor")]
    [InlineData("-1 100 /nowhere doctor")]
    [InlineData("$$ -1 /nowhere doctor")]
    [InlineData("$$ 4294967296 /nowhere doctor")]
    [InlineData("$$ 100 /nowhere no-such-command")]
    public void Words_that_no_daemon_says_are_refused(string arguments)
    {
        (int status, string output, string error) = Shell.Run($"$kvmsys job-process {arguments}; exit $?");
        Assert.Equal((2, ""), (status, output));
        Assert.Contains("Cure: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_status_that_cannot_be_written_hinders_nothing()
    {
        (int status, _, string error) = Shell.Run($"$kvmsys job-process $$ {MemoryMebibytes} /no/such/folder/status {string.Join(' ', ShortBench)}; exit $?");
        Assert.True(status is 0 or 5, error);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1 2")]
    [InlineData("1 2 3 4")]
    [InlineData("one 2 3")]
    [InlineData("-1 2 3")]
    [InlineData("99999999999999999999 2 3")]
    [InlineData("\0\0\0")]
    public void A_status_that_makes_no_sense_is_none(string text)
    {
        File.WriteAllText(StatusPath, text);
        Assert.Null(new JobStatusFile(StatusPath).Read());
    }

    [Fact]
    public void A_status_is_read_as_it_was_written_and_each_takes_the_place_of_the_one_before()
    {
        JobStatusFile file = new(StatusPath);
        Assert.Null(file.Read());
        foreach (JobStatus status in (JobStatus[])[new(0, 10, null), new(long.MaxValue, long.MaxValue, 255), new(3, 10, null), new(1, 1, 0)])
        {
            file.Write(status);
            Assert.Equal(status, file.Read());
        }

        file.Delete();
        file.Delete();
        Assert.Null(file.Read());
    }

    private JobProcess Job(params string[] command) => new(Checkout.Binary, command, MemoryMebibytes, StatusPath);

    /// <summary>Something else than kvmsys, which does what that should not.</summary>
    private string Script(string text)
    {
        string script = Path.Combine(_folder, "script");

        // Another process writes it: one that is forked here meanwhile would have it open for writing, and it could not be executed.
        Assert.Equal(0, Shell.Run($"cat >{script} <<'END'\n#!/bin/bash\n{text}\nEND\nchmod 500 {script}").Status);
        return script;
    }

    private static async Task<JobStatus> UntilTold(JobProcess job, Task<JobProcessEnd> run)
    {
        while (true)
        {
            if (job.Status is JobStatus status)
            {
                return status;
            }

            Assert.False(run.IsCompleted, "it has ended before it told anything");
            await Task.Delay(10);
        }
    }

    /// <summary>The process that has a text in its command line.</summary>
    private static int ProcessOf(string text)
    {
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            try
            {
                if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int process)
                    && Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(folder, "cmdline"))).Split('\0').Contains(text))
                {
                    return process;
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It has ended meanwhile.
            }
        }

        throw new InvalidOperationException($"no process has {text} in its command line");
    }

    /// <summary>Whether a process is there, and not only its end for nobody to ask for.</summary>
    private static bool IsAlive(int process)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
