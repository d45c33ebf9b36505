// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Kvmsys.Tests.NoDevice.CommandLine;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>A daemon that is started, stopped and killed: what it has taken is made, once.</summary>
public sealed class DaemonLifeTests
{
    private const int Jobs = 200;

    // Of a session of one run: a fifth of a second, most of it the process.
    private const int BenchAttempts = 2;
    private const string ShortBench = """{"kind":"bench","maxAttempts":2,"bench":{"mechanisms":["empty"],"profiles":["host64"],"sessions":1,"runs":1}}""";
    private const string LongBench = """{"kind":"bench","bench":{"mechanisms":["syscall"],"profiles":["host64"],"protocol":"full"}}""";
    private const string Doctor = """{"kind":"doctor","maxAttempts":10}""";

    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whatever_kills_the_daemon_no_job_is_lost_and_none_is_made_twice()
    {
        using DaemonProcess daemon = new();
        Random random = new(1);
        await daemon.Start();
        Dictionary<string, long> acknowledged = [];
        for (int i = 0, untilKill = random.Next(10, 40); i < Jobs; i++)
        {
            string key = $"job-{i}";
            string job = i % 8 == 0 ? ShortBench : Doctor;
            if (--untilKill == 0)
            {
                // In the middle of it: who does not know whether it was taken sends it again.
                untilKill = random.Next(10, 40);
                Task<long> submission = Submit(daemon, job, key);
                await Task.Delay(random.Next(20), Cancellation);
                await daemon.Kill();
                await submission.ContinueWith(_ => { }, TaskScheduler.Default);
                await daemon.Start();
            }

            acknowledged[key] = await Submit(daemon, job, key);
        }

        foreach ((string key, long id) in acknowledged.Take(20))
        {
            Assert.Equal(id, await Submit(daemon, int.Parse(key[4..], CultureInfo.InvariantCulture) % 8 == 0 ? ShortBench : Doctor, key));
        }

        // And while nothing comes any more.
        for (int kills = 0; await Count(daemon, "queued") + await Count(daemon, "running") > 0;)
        {
            await Task.Delay(random.Next(200, 1500), Cancellation);
            if (kills++ < 10)
            {
                await daemon.Kill();
                await daemon.Start();
            }
        }

        Assert.Equal(Jobs, acknowledged.Values.Distinct().Count());
        Assert.Equal(Jobs, (await Get(daemon, "/api/v1/jobs?limit=1000")).GetProperty("jobs").GetArrayLength());
        foreach (long id in acknowledged.Values)
        {
            JsonElement job = await Get(daemon, $"/api/v1/jobs/{id}");
            JsonElement[] attempts = [.. job.GetProperty("attempts").EnumerateArray()];
            Assert.All(attempts, attempt => Assert.True(attempt.TryGetProperty("endedAt", out _), $"{attempt}"));
            int succeeded = attempts.Count(attempt => attempt.GetProperty("outcome").GetString() == "succeeded");
            if (job.GetProperty("state").GetString() == "done")
            {
                Assert.Equal(1, succeeded);
                Assert.Equal("succeeded", attempts[job.GetProperty("acceptedAttempt").GetInt32() - 1].GetProperty("outcome").GetString());
            }
            else
            {
                // On a host that is busy a bench may be unstable every time; each time is kept.
                Assert.Equal(("failed", "bench", 0), (job.GetProperty("state").GetString(), job.GetProperty("request").GetProperty("kind").GetString(), succeeded));
                Assert.Equal(BenchAttempts, attempts.Length);
                Assert.All(attempts, attempt => Assert.True(attempt.GetProperty("outcome").GetString() is "unstable" or "lost", $"{attempt}"));
                Assert.All(attempts.Where(attempt => attempt.GetProperty("outcome").GetString() == "unstable"), attempt => Assert.True(attempt.GetProperty("hasDocument").GetBoolean()));
            }
        }
    }

    [Fact]
    public async Task A_daemon_that_is_asked_to_stop_ends_in_order_and_its_job_waits_for_the_next()
    {
        using DaemonProcess daemon = new();
        await daemon.Start(("KVMSYS_DAEMON_STOP_SECONDS", "1"));
        long id = await Submit(daemon, LongBench, "long");
        while ((await Get(daemon, $"/api/v1/jobs/{id}")).GetProperty("state").GetString() != "running")
        {
            await Task.Delay(20, Cancellation);
        }

        Assert.Equal(0, await daemon.Terminate());
        await daemon.Start();
        JsonElement job = await Get(daemon, $"/api/v1/jobs/{id}");
        Assert.Equal("interrupted", job.GetProperty("attempts")[0].GetProperty("outcome").GetString());
        Assert.Contains(job.GetProperty("state").GetString(), (string[])["queued", "running"]);
        Assert.Equal(0, (await Get(daemon, "/api/v1/host")).GetProperty("jobs").GetProperty("failed").GetInt32());
    }

    [Fact]
    public async Task A_killed_daemon_takes_its_jobs_process_with_it()
    {
        using DaemonProcess daemon = new();
        await daemon.Start();
        await Submit(daemon, LongBench, "long");
        while (Processes(daemon.StateFolder) == 0)
        {
            await Task.Delay(20, Cancellation);
        }

        await daemon.Kill();
        while (Processes(daemon.StateFolder) > 0)
        {
            await Task.Delay(20, Cancellation);
        }
    }

    [Fact]
    public async Task A_daemon_whose_database_is_damaged_ends_badly_and_the_next_one_sets_it_aside()
    {
        using DaemonProcess daemon = new();
        await daemon.Start();
        await Submit(daemon, Doctor, "first");
        while (await Count(daemon, "done") == 0)
        {
            await Task.Delay(20, Cancellation);
        }

        Shell.Run($"python3 -c \"import sqlite3; c = sqlite3.connect('{daemon.StateFolder}/jobs.db'); c.execute('UPDATE job SET state = \\'queued\\', request = \\'garbage\\''); c.commit()\"");
        using HttpResponseMessage wake = await daemon.Client.PostAsync("/api/v1/host/uncordon", null, Cancellation);
        Assert.Equal(71, await daemon.WaitForEnd());
        Assert.Contains("Cure: restart the daemon: a damaged one is set aside then", daemon.Log, StringComparison.Ordinal);
        await daemon.Start();
        Assert.StartsWith($"{daemon.StateFolder}/jobs.db.damaged-", (await Get(daemon, "/api/v1/host")).GetProperty("databaseSetAside").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_is_too_large_for_the_daemon_is_refused_in_words()
    {
        using DaemonProcess daemon = new();
        await daemon.Start(("KVMSYS_DAEMON_LARGEST_BODY_MEBIBYTES", "1"));
        (int status, _, string error) = Shell.Run($"$kvmsys jobs submit --connect unix:{daemon.SocketPath} run $kvmsys");
        Assert.True(status == 2, error);
        Assert.StartsWith("kvmsys: Request body too large", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_daemon_over_the_same_state_is_refused()
    {
        using DaemonProcess daemon = new();
        await daemon.Start();
        (int status, _, string error) = Shell.Run($"$kvmsys daemon --state {daemon.StateFolder} --listen unix:{daemon.SocketPath}2");
        Assert.Equal(71, status);
        Assert.Matches($"^kvmsys: another daemon, process [0-9]+, uses the folder {daemon.StateFolder}", error);
    }

    [Fact]
    public void Everything_that_is_set_wrongly_is_told_at_once()
    {
        string file = Path.GetTempFileName();
        File.WriteAllText(file, """{"stateFolder": "here", "colour": "red", "keepDays": 0, "keepDays": 1, "listen": ["http://0.0.0.0:80", "tcp:1"]}""");
        (int status, _, string error) = Shell.Run($"KVMSYS_DAEMON_MAX_ATTEMPTS=many KVMSYS_DAEMON_SPEED=1 KVMSYS_DAEMON_WEBHOOKS=ftp://a KVMSYS_DAEMON_WEBHOOK_EVENTS=job.lost $kvmsys daemon --config {file} --listen https://127.0.0.1:1");
        Assert.Equal(2, status);
        string[] wrong = ["stateFolder: the absolute path of a folder is needed", "colour: there is no such setting", "keepDays: a number from 1 to 36500", "keepDays is there twice", "listen: a list of unix:PATH", "KVMSYS_DAEMON_MAX_ATTEMPTS: a number from 1 to 10", "KVMSYS_DAEMON_SPEED: there is no such setting", "tlsCertificate and tlsKey: an https:// address needs both", "KVMSYS_DAEMON_WEBHOOKS: a list of at most 10", "KVMSYS_DAEMON_WEBHOOK_EVENTS: a list of job.queued"];
        Assert.All(wrong, words => Assert.Contains(words, error, StringComparison.Ordinal));
        File.Delete(file);
    }

    [Fact]
    public void Whoever_asks_where_no_daemon_is_is_told_so()
    {
        (int status, _, string error) = Shell.Run("$kvmsys jobs list --connect unix:/nowhere/daemon.sock");
        Assert.Equal((69, "kvmsys: no daemon answers at unix:/nowhere/daemon.sock: there is no such socket. Cure: start kvmsys daemon, or a farm's controller, or say where it listens with --connect.\n"), (status, error));
    }

    [Fact]
    public async Task The_client_submits_waits_shows_and_writes_the_result()
    {
        using DaemonProcess daemon = new();
        await daemon.Start();
        string connect = $"--connect unix:{daemon.SocketPath}";
        (int status, string output, string error) = Shell.Run($"$kvmsys jobs submit doctor --name check-up --wait {connect}");
        Assert.True(status == 0, error);
        Assert.Contains("check-up", output, StringComparison.Ordinal);
        Assert.StartsWith("""{""", Shell.Run($"$kvmsys jobs result 1 {connect}").Output, StringComparison.Ordinal);
        Assert.Contains("succeeded", Shell.Run($"$kvmsys jobs show 1 {connect}").Output, StringComparison.Ordinal);
        Assert.Contains("\"state\": \"done\"", Shell.Run($"$kvmsys jobs list --json {connect} | python3 -m json.tool").Output, StringComparison.Ordinal);
        Assert.Contains("drained", Shell.Run($"$kvmsys jobs drain {connect}").Output, StringComparison.Ordinal);
        Assert.Equal(2, Shell.Run($"$kvmsys jobs show 99 {connect}").Status);
        (status, _, error) = Shell.Run($"$kvmsys jobs submit bench --mechanism coffee {connect}");
        Assert.Equal(2, status);
        Assert.StartsWith("kvmsys: bench.mechanisms: of empty, call", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Systemd_hears_that_it_is_ready_that_it_goes_on_and_that_it_stops()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("kvmsys-notify-").FullName, "notify");
        using Socket systemd = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        systemd.Bind(new UnixDomainSocketEndPoint(path));
        using DaemonProcess daemon = new();
        await daemon.Start(("NOTIFY_SOCKET", path), ("WATCHDOG_USEC", "400000"));
        List<string> heard = [];
        await Hear("READY=1");
        await Hear("WATCHDOG=1");
        Assert.Equal(0, await daemon.Terminate());
        await Hear("STOPPING=1");

        async Task Hear(string words)
        {
            byte[] buffer = new byte[1000];
            while (!heard.Contains(words))
            {
                int length = await systemd.ReceiveAsync(buffer, Cancellation);
                heard.AddRange(Encoding.UTF8.GetString(buffer, 0, length).Split('\n'));
            }
        }
    }

    [Theory]
    [InlineData("daemon", 17)]
    [InlineData("farm controller", 17)]
    [InlineData("farm agent", 19)]
    public void The_unit_file_is_one_that_systemd_takes_and_lets_the_daemon_do_little(string command, int most)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/systemd-analyze"), "systemd-analyze is not here");
        string folder = Directory.CreateTempSubdirectory("kvmsys-unit-").FullName;
        (int status, string output, string error) = Shell.Run(
            $"cd {folder} && $kvmsys {command} --print-unit > kvmsys.service && systemd-analyze verify ./kvmsys.service && systemd-analyze security --offline=true --threshold={most} ./kvmsys.service");
        Assert.True(status == 0, output + error);
        Assert.Empty(error);
        Assert.Matches("Overall exposure level for kvmsys.service: [01]\\.", output);
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<long> Submit(DaemonProcess daemon, string json, string key)
    {
        using HttpResponseMessage answer = await RunningDaemon.Submit(daemon.Client, json, key);
        return (await RunningDaemon.Read(answer)).GetProperty("id").GetInt64();
    }

    private static async Task<JsonElement> Get(DaemonProcess daemon, string path)
    {
        using HttpResponseMessage answer = await daemon.Client.GetAsync(path, Cancellation);
        return await RunningDaemon.Read(answer);
    }

    private static async Task<int> Count(DaemonProcess daemon, string state) => (await Get(daemon, "/api/v1/host")).GetProperty("jobs").GetProperty(state).GetInt32();

    /// <summary>Processes of a daemon's jobs: they are told a file below its state.</summary>
    private static int Processes(string stateFolder) => Directory.EnumerateDirectories("/proc").Count(process =>
    {
        try
        {
            return int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out _)
                && File.ReadAllText(Path.Combine(process, "cmdline")).Contains($"{stateFolder}/spool/", StringComparison.Ordinal);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    });
}
