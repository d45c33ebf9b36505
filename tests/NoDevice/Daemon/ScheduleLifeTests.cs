// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.Json;
using Kvmsys.Monitor.Sql;
using Kvmsys.Tests.NoDevice.CommandLine;
using Microsoft.Data.Sqlite;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>The daemon that ships, with schedules.</summary>
public sealed class ScheduleLifeTests
{
    private const int Schedules = 150;

    // Due once a year, and not on the day on which this runs.
    private static readonly string Yearly = string.Create(CultureInfo.InvariantCulture, $"0 0 1 {(DateTime.UtcNow.Month + 5) % 12 + 1} *");

    private static readonly string YearlyDoctor = $$$"""{"cron":"{{{Yearly}}}","job":{"kind":"doctor"}}""";

    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whatever_kills_the_daemon_when_schedules_are_due_each_has_its_job_once()
    {
        using DaemonProcess daemon = new();
        await daemon.Start();
        using HttpResponseMessage cordon = await daemon.Client.PostAsync("/api/v1/host/cordon", null, Cancellation);
        for (int i = 0; i < Schedules; i++)
        {
            using HttpResponseMessage set = await Set(daemon, $"schedule-{i}", YearlyDoctor);
        }

        // All were due while no daemon was there.
        await daemon.Kill();
        Change(daemon, "UPDATE schedule SET settled_until = settled_until - 86400000 * 400");
        Random random = new(Seed: 1);
        for (int kills = 0; kills < 8; kills++)
        {
            await daemon.Start();
            await Task.Delay(random.Next(60), Cancellation);
            await daemon.Kill();
        }

        await daemon.Start();
        while ((await All(daemon)).Any(schedule => !schedule.TryGetProperty("lastJob", out _)))
        {
            await Task.Delay(20, Cancellation);
        }

        string[] by = [.. (await Get(daemon, "/api/v1/jobs?limit=1000")).GetProperty("jobs").EnumerateArray().Select(job => job.GetProperty("submittedBy").GetString()!)];
        Assert.Equal(Enumerable.Range(0, Schedules).Select(i => $"schedule:schedule-{i}").Order(), by.Order());
        Assert.All(await All(daemon), schedule => Assert.Equal(0, schedule.GetProperty("skipped").GetInt32()));
    }

    [Fact]
    public async Task A_daemon_whose_schedules_are_damaged_ends_badly_and_the_next_one_sets_the_database_aside()
    {
        using DaemonProcess daemon = new();
        await daemon.Start();
        using HttpResponseMessage set = await Set(daemon, "yearly", YearlyDoctor);
        using HttpResponseMessage other = await Set(daemon, "other", YearlyDoctor);
        Change(daemon, "UPDATE schedule SET request = 'garbage' WHERE name = 'yearly'");
        using HttpResponseMessage wake = await daemon.Client.PostAsync("/api/v1/schedules/other/pause", null, Cancellation);
        Assert.Equal(71, await daemon.WaitForEnd());
        Assert.Contains("Cure: restart the daemon: a damaged one is set aside then", daemon.Log, StringComparison.Ordinal);
        await daemon.Start();
        Assert.StartsWith($"{daemon.StateFolder}/jobs.db.damaged-", (await Get(daemon, "/api/v1/host")).GetProperty("databaseSetAside").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_client_sets_shows_pauses_resumes_and_removes_schedules()
    {
        using DaemonProcess daemon = new();
        await daemon.Start();
        string schedule = $"$kvmsys jobs schedule --connect unix:{daemon.SocketPath}";
        Assert.StartsWith("kvmsys: there is no schedule.", Run($"{schedule} list").Error, StringComparison.Ordinal);
        Run($"{schedule} set nightly --cron '0 3 * * *' --time-zone Europe/Berlin --priority 5 bench --mechanism sysenter --full");
        Run($"{schedule} set check-up --cron @daily doctor");
        Run($"{schedule} set program --cron '*/10 * * * *' run /bin/true one -- --two");
        string listed = Run($"{schedule} list").Output;
        Assert.All((string[])["nightly", "0 3 * * *", "Europe/Berlin", "check-up", "@daily", "program"], words => Assert.Contains(words, listed, StringComparison.Ordinal));
        JsonElement shown = Parse(Run($"{schedule} show nightly --json").Output);
        Assert.Equal(("0 3 * * *", 5, "full"), (shown.GetProperty("cron").GetString(), shown.GetProperty("job").GetProperty("priority").GetInt32(), shown.GetProperty("job").GetProperty("bench").GetProperty("protocol").GetString()));
        Assert.Equal(["one", "--two"], Parse(Run($"{schedule} show program --json").Output).GetProperty("job").GetProperty("program").GetProperty("arguments").EnumerateArray().Select(argument => argument.GetString()));
        Assert.Contains("paused", Run($"{schedule} pause nightly").Output, StringComparison.Ordinal);
        Assert.DoesNotContain("paused", Run($"{schedule} resume nightly").Output, StringComparison.Ordinal);
        Run($"{schedule} remove nightly");
        (int status, _, string error) = Shell.Run($"{schedule} show nightly");
        Assert.Equal((2, "kvmsys: there is no schedule of that name\n"), (status, error));
    }

    [Theory]
    [InlineData("set nightly bench", "--cron")]
    [InlineData("set --cron @daily bench", "name: 1 to 64")]
    [InlineData("set nightly --cron @daily", "equired")]
    [InlineData("set Nightly --cron @daily doctor", "name: 1 to 64")]
    [InlineData("set nightly --cron '61 * * * *' doctor", "cron: minute, hour")]
    [InlineData("set nightly --cron @daily --time-zone Mars doctor", "timeZone: ")]
    [InlineData("show ../jobs", "name: 1 to 64")]
    [InlineData("remove none", "there is no schedule of that name")]
    public async Task What_the_client_is_told_wrongly_is_refused_in_words(string arguments, string words)
    {
        using DaemonProcess daemon = new();
        await daemon.Start();
        (int status, _, string error) = Shell.Run($"$kvmsys jobs schedule {arguments} --connect unix:{daemon.SocketPath}");
        Assert.Equal(2, status);
        Assert.Contains(words, error, StringComparison.Ordinal);
    }

    private static (string Output, string Error) Run(string line)
    {
        (int status, string output, string error) = Shell.Run(line);
        Assert.True(status == 0, error);
        return (output, error);
    }

    private static JsonElement Parse(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    private static Task<HttpResponseMessage> Set(DaemonProcess daemon, string name, string json) =>
        daemon.Client.PutAsync($"/api/v1/schedules/{name}", RunningDaemon.Json(json), Cancellation);

    private static async Task<JsonElement> Get(DaemonProcess daemon, string path)
    {
        using HttpResponseMessage answer = await daemon.Client.GetAsync(path, Cancellation);
        return await RunningDaemon.Read(answer);
    }

    private static async Task<JsonElement[]> All(DaemonProcess daemon) => [.. (await Get(daemon, "/api/v1/schedules")).GetProperty("schedules").EnumerateArray()];

    private static void Change(DaemonProcess daemon, string sql)
    {
        SqliteLibrary.Load();
        using SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = Path.Combine(daemon.StateFolder, "jobs.db"), Pooling = false }.ToString());
        connection.Open();
        connection.Execute(sql);
    }
}
