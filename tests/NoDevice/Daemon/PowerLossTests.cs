// SPDX-License-Identifier: MIT

using System.Text.Json;
using Kvmsys.Tests.NoDevice.CommandLine;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>The power fails: of each file there is what the daemon had synced, or what it had written, and nobody knows which.</summary>
public sealed class PowerLossTests
{
    private const int Jobs = 120;
    private const string Doctor = """{"kind":"doctor","maxAttempts":10}""";

    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_answered_is_there_after_a_power_failure_and_what_was_done_stays_done()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("kvmsys-disk-");
        try
        {
            string disk = Path.Combine(folder.FullName, "disk");
            Directory.CreateDirectory(disk);
            (int status, _, string error) = Shell.Run($"gcc -shared -fPIC -O2 -Wall -Werror -o {folder}/disk.so {Checkout.Root}/tests/NoDevice/Daemon/disk.c -ldl");
            Assert.True(status == 0, error);
            (string, string)[] environment = [("LD_PRELOAD", $"{folder}/disk.so"), ("KVMSYS_TEST_DISK", disk)];

            using DaemonProcess daemon = new();
            await daemon.Start(environment);
            Random random = new(1);
            Dictionary<string, long> answered = [];
            HashSet<long> done = [];
            bool hasTried = false;

            // On a fast disk it may take more failures until one comes between a write and its sync.
            for (int i = 0, untilFailure = random.Next(4, 20); i < Jobs || (!hasTried && i < 5 * Jobs); i++)
            {
                if (--untilFailure == 0)
                {
                    untilFailure = random.Next(4, 20);
                    Task submission = Submit(daemon, "in the middle");
                    await Task.Delay(random.Next(20), Cancellation);
                    done.UnionWith(await Done(daemon));
                    await daemon.Kill();
                    await submission.ContinueWith(_ => { }, TaskScheduler.Default);
                    hasTried |= FailPower(daemon.StateFolder, disk, random);
                    await daemon.Start(environment);
                    Assert.Empty(done.Except(await Done(daemon)));
                }

                answered[$"job-{i}"] = await Submit(daemon, $"job-{i}");
            }

            Assert.True(hasTried, "everything was synced all the time: nothing was tried");
            foreach ((string key, long id) in answered)
            {
                Assert.Equal(id, await Submit(daemon, key));
            }

            while (!answered.Values.ToHashSet().IsSubsetOf(await Done(daemon)))
            {
                await Task.Delay(50, Cancellation);
            }

            Assert.Equal(0, await daemon.Terminate());
            Assert.DoesNotContain("set aside", daemon.Log, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Leaves of each file what was synced, or what was written; shared memory is gone in any case.</summary>
    /// <returns>Whether there was anything to lose.</returns>
    private static bool FailPower(string state, string disk, Random random)
    {
        bool differs = false;
        File.Delete(Path.Combine(state, "jobs.db-shm"));
        foreach (string name in (string[])["jobs.db", "jobs.db-wal"])
        {
            string written = Path.Combine(state, name), synced = Path.Combine(disk, name);
            differs |= !Read(written).SequenceEqual(Read(synced));
            if (random.Next(2) == 0)
            {
                File.Delete(written);
                if (File.Exists(synced))
                {
                    File.Copy(synced, written);
                }
            }
        }

        return differs;

        static ReadOnlySpan<byte> Read(string path) => File.Exists(path) ? File.ReadAllBytes(path) : [];
    }

    private static async Task<long> Submit(DaemonProcess daemon, string key)
    {
        using HttpResponseMessage answer = await RunningDaemon.Submit(daemon.Client, Doctor, key);
        return (await RunningDaemon.Read(answer)).GetProperty("id").GetInt64();
    }

    private static async Task<HashSet<long>> Done(DaemonProcess daemon)
    {
        using HttpResponseMessage answer = await daemon.Client.GetAsync("/api/v1/jobs?limit=1000&state=done", Cancellation);
        JsonElement jobs = await RunningDaemon.Read(answer);
        return [.. jobs.GetProperty("jobs").EnumerateArray().Select(job => job.GetProperty("id").GetInt64())];
    }
}
