// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Native.Linux;
using Kvmsys.Tests.NoDevice.CommandLine;

namespace Kvmsys.Tests.NoDevice.Monitor;

/// <summary>One measurement at a time on a host.</summary>
public sealed class MeasurementLockTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public void Only_one_open_file_has_the_lock_and_the_kernel_tells_which_process()
    {
        string folder = Directory.CreateTempSubdirectory("kvmsys-lock-").FullName;
        Assert.Null(FileLock.HolderOf(folder));
        using (FileLock first = FileLock.TryTake(folder)!)
        {
            Assert.Null(FileLock.TryTake(folder));
            Assert.Equal(Environment.ProcessId, FileLock.HolderOf(folder));
        }

        using FileLock? second = FileLock.TryTake(folder);
        Assert.NotNull(second);
    }

    [Fact]
    public void Who_waits_is_told_for_whom_and_can_be_cancelled()
    {
        using MeasurementLock held = MeasurementLock.Take(_ => { }, Cancellation);
        using CancellationTokenSource patience = new();
        List<int?> holders = [];
        Assert.Throws<OperationCanceledException>(() => MeasurementLock.Take(
            holder =>
            {
                holders.Add(holder);
                patience.CancelAfter(TimeSpan.FromMilliseconds(200));
            },
            patience.Token));
        Assert.Equal([Environment.ProcessId], holders);
    }

    [Fact]
    public async Task A_bench_waits_until_nothing_else_is_measured()
    {
        Process bench;
        using (MeasurementLock held = MeasurementLock.Take(_ => { }, Cancellation))
        {
            bench = Shell.Start("exec $kvmsys bench --profile host64 --mechanism call --sessions 1 --runs 1 --no-history --csv");
            string? line = await bench.StandardError.ReadLineAsync(Cancellation);
            Assert.Equal($"kvmsys: something else is measured on this host, by process {Environment.ProcessId}: waiting for its end", line);
            Assert.False(bench.HasExited);
        }

        using Process ending = bench;
        Assert.Contains("host64", await bench.StandardOutput.ReadToEndAsync(Cancellation), StringComparison.Ordinal);
        await bench.WaitForExitAsync(Cancellation);
        Assert.NotEqual(2, bench.ExitCode);
    }
}
