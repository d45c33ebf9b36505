// SPDX-License-Identifier: MIT

using System.Net;
using System.Text.Json;
using Kvmsys.Monitor.Daemon;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>Schedules over hours and days: the whole daemon, with a clock that the test lets go on.</summary>
public sealed class ScheduleTests : IDisposable
{
    private const string EveryFive = """{"cron":"*/5 * * * *","job":{"kind":"doctor"}}""";
    private const string Hourly = """{"cron":"@hourly","job":{"kind":"doctor"}}""";
    private const string AtThree = """{"cron":"0 3 * * *","job":{"kind":"doctor"}}""";

    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-test-").FullName;
    private readonly SimulatedClock _clock = new(At("2026-01-01 00:00:30"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_day_of_schedules_makes_exactly_the_jobs_that_are_due()
    {
        await using RunningDaemon daemon = await Start();
        await Set(daemon, "five", EveryFive);
        await Set(daemon, "hourly", Hourly);
        await Set(daemon, "three", AtThree);
        await GoOn(daemon, TimeSpan.FromDays(1));
        Assert.Equal(Enumerable.Range(1, 288).Select(i => At("2026-01-01 00:00:00") + (i * TimeSpan.FromMinutes(5))), Times(daemon, "five"));
        Assert.Equal(Enumerable.Range(1, 24).Select(i => At("2026-01-01 00:00:00") + TimeSpan.FromHours(i)), Times(daemon, "hourly"));
        Assert.Equal([At("2026-01-01 03:00:00")], Times(daemon, "three"));
        JsonElement shown = await daemon.Get("/api/v1/schedules/hourly");
        Assert.Equal(("2026-01-02T01:00:00+00:00", "2026-01-02T00:00:00+00:00"), (shown.GetProperty("nextAt").GetString(), shown.GetProperty("lastAt").GetString()));
        Assert.Equal(("done", 0), (shown.GetProperty("lastJobState").GetString(), shown.GetProperty("skipped").GetInt32()));
        Assert.Equal("schedule:hourly", daemon.Store.Find(shown.GetProperty("lastJob").GetInt64())!.SubmittedBy);
    }

    [Fact]
    public async Task A_clock_that_is_set_forward_by_hours_makes_one_job_for_all_that_were_missed()
    {
        await using RunningDaemon daemon = await Start();
        await Set(daemon, "five", EveryFive);
        await Set(daemon, "three", AtThree);
        _clock.Now = At("2026-01-01 07:02:00");
        await GoOn(daemon, TimeSpan.FromMinutes(4));
        Assert.Equal([At("2026-01-01 07:03:00"), At("2026-01-01 07:05:00")], Times(daemon, "five"));
        Assert.Equal([At("2026-01-01 07:03:00")], Times(daemon, "three"));
        Assert.Equal("2026-01-01T07:05:00+00:00", (await daemon.Get("/api/v1/schedules/five")).GetProperty("lastAt").GetString());
        Assert.Equal("2026-01-01T03:00:00+00:00", (await daemon.Get("/api/v1/schedules/three")).GetProperty("lastAt").GetString());
    }

    [Fact]
    public async Task A_clock_that_is_set_back_by_hours_stops_nothing_and_its_last_time_is_not_made_again()
    {
        await using RunningDaemon daemon = await Start();
        await Set(daemon, "five", EveryFive);
        await Set(daemon, "three", AtThree);
        await GoOn(daemon, At("2026-01-01 03:08:00") - _clock.Now);
        int before = Times(daemon, "five").Count;
        _clock.Now = At("2026-01-01 00:58:00");
        await GoOn(daemon, TimeSpan.FromMinutes(3));
        Assert.Equal([At("2026-01-01 01:00:00")], Times(daemon, "five").Skip(before));
        await GoOn(daemon, TimeSpan.FromHours(3));
        Assert.Equal([At("2026-01-01 03:00:00")], Times(daemon, "three"));
        JobEvent rebased = Assert.Single(Events(daemon, "schedule.rebased"));
        Assert.Equal("five: the clock was set back, from 2026-01-01 03:05:00Z or later to 2026-01-01 00:59:00Z", rebased.Text);
    }

    [Fact]
    public async Task A_clock_that_is_set_back_by_minutes_makes_nothing_again()
    {
        await using RunningDaemon daemon = await Start();
        await Set(daemon, "five", EveryFive);
        await GoOn(daemon, At("2026-01-01 00:32:00") - _clock.Now);
        _clock.Now -= TimeSpan.FromMinutes(20);
        await GoOn(daemon, TimeSpan.FromMinutes(24));
        Assert.Equal(Enumerable.Range(1, 7).Select(i => At("2026-01-01 00:00:00") + (i * TimeSpan.FromMinutes(5))), Times(daemon, "five"));
        Assert.Empty(Events(daemon, "schedule.rebased"));
    }

    [Theory]
    [InlineData("2026-03-28 22:30:00", 23, 24, "2026-03-29 01:00:00")]
    [InlineData("2026-10-24 21:30:00", 25, 25, "2026-10-25 00:30:00")]
    public async Task On_a_day_on_which_summer_time_begins_or_ends_each_of_its_hours_has_a_job_and_the_night_has_one(string begin, int hours, int jobs, string night)
    {
        _clock.Now = At(begin);
        await using RunningDaemon daemon = await Start();
        await Set(daemon, "hourly", """{"cron":"15 * * * *","timeZone":"Europe/Berlin","job":{"kind":"doctor"}}""");
        await Set(daemon, "night", """{"cron":"30 2 * * *","timeZone":"Europe/Berlin","job":{"kind":"doctor"}}""");
        await Set(daemon, "noon", """{"cron":"0 12 * * *","timeZone":"Europe/Berlin","job":{"kind":"doctor"}}""");
        await GoOn(daemon, TimeSpan.FromHours(hours), 5 * Minute);
        Assert.Equal(jobs, Times(daemon, "hourly").Distinct().Count());
        Assert.Equal([At(night)], Times(daemon, "night"));
        Assert.Equal([12], Times(daemon, "noon").Select(time => TimeZoneInfo.ConvertTime(time, TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin")).Hour));
    }

    [Fact]
    public async Task A_daemon_that_was_stopped_makes_up_for_what_it_missed_by_one_job_and_goes_on()
    {
        await using (RunningDaemon daemon = await Start())
        {
            await Set(daemon, "five", EveryFive);
            await Set(daemon, "hourly", Hourly);
            await GoOn(daemon, TimeSpan.FromMinutes(11));
            Assert.Equal(2, Times(daemon, "five").Count);
        }

        _clock.Elapse(TimeSpan.FromMinutes(25));
        await using RunningDaemon again = await Start();
        await GoOn(again, TimeSpan.FromMinutes(4));
        Assert.Equal([At("2026-01-01 00:05:00"), At("2026-01-01 00:10:00"), At("2026-01-01 00:36:30"), At("2026-01-01 00:40:00")], Times(again, "five"));
        Assert.Empty(Times(again, "hourly"));
    }

    [Fact]
    public async Task While_the_job_before_is_not_at_its_end_none_is_submitted_and_that_is_counted()
    {
        await using RunningDaemon daemon = await Start();
        await Set(daemon, "five", EveryFive);
        await GoOn(daemon, TimeSpan.FromMinutes(5), makes: false);
        (Job job, int attempt) = daemon.Store.TakeNext()!.Value;
        await GoOn(daemon, TimeSpan.FromMinutes(10), makes: false);
        Assert.Equal([(long?)job.Id, job.Id], Events(daemon, "schedule.skipped").Select(happened => happened.Job));
        Assert.Equal("five: the job before is running still, at 2026-01-01 00:10:00Z", Events(daemon, "schedule.skipped")[0].Text);
        daemon.Store.Finish(job.Id, attempt, Success);
        await GoOn(daemon, TimeSpan.FromMinutes(5));
        Assert.Equal([At("2026-01-01 00:05:00"), At("2026-01-01 00:20:00")], Times(daemon, "five"));
        Assert.Equal(2, (await daemon.Get("/api/v1/schedules/five")).GetProperty("skipped").GetInt32());
    }

    [Fact]
    public async Task A_full_queue_lets_a_schedule_wait_and_that_is_noted_once()
    {
        await using RunningDaemon daemon = await Start(settings => settings with { LongestQueue = 1 });
        await Set(daemon, "five", EveryFive);
        using HttpResponseMessage other = await daemon.Submit("""{"kind":"doctor"}""");
        await GoOn(daemon, TimeSpan.FromMinutes(8), makes: false);
        Assert.Equal("five: 1 jobs wait already, at 2026-01-01 00:05:00Z", Assert.Single(Events(daemon, "schedule.postponed")).Text);
        Assert.True((await daemon.Get("/api/v1/schedules/five")).GetProperty("postponed").GetBoolean());
        MakeAll(daemon);
        await GoOn(daemon, TimeSpan.FromMinutes(1));
        Assert.Single(Times(daemon, "five"));
        Assert.False((await daemon.Get("/api/v1/schedules/five")).GetProperty("postponed").GetBoolean());
    }

    [Fact]
    public async Task A_full_disk_lets_a_schedule_wait_until_there_is_room()
    {
        using SmallDisk? disk = SmallDisk.TryMount();
        Assert.SkipWhen(disk is null, "this user may mount no file system");
        await using RunningDaemon daemon = await Start(settings => settings with { StateFolder = Path.Combine(disk.Path, "state") });
        await Set(daemon, "five", EveryFive);
        disk.Fill();
        UntilFull(daemon.Store);
        await GoOn(daemon, TimeSpan.FromMinutes(6), makes: false);
        Assert.Empty(Times(daemon, "five"));
        disk.MakeRoom();
        await GoOn(daemon, TimeSpan.FromMinutes(1), makes: false);
        Assert.Single(Times(daemon, "five"));
    }

    [Fact]
    public async Task A_paused_schedule_submits_nothing_and_a_resumed_one_makes_up_for_nothing()
    {
        await using RunningDaemon daemon = await Start();
        await Set(daemon, "five", EveryFive);
        await Post(daemon, "/api/v1/schedules/five/pause");
        JsonElement paused = await daemon.Get("/api/v1/schedules/five");
        Assert.True(paused.GetProperty("paused").GetBoolean());
        Assert.False(paused.TryGetProperty("nextAt", out _));
        _clock.Elapse(TimeSpan.FromMinutes(20));
        await Post(daemon, "/api/v1/schedules/five/resume");
        await GoOn(daemon, TimeSpan.FromMinutes(5));
        Assert.Equal([At("2026-01-01 00:25:00")], Times(daemon, "five"));
    }

    [Fact]
    public async Task A_schedule_that_is_set_to_what_it_is_goes_on_and_one_with_other_times_begins_anew()
    {
        await using RunningDaemon daemon = await Start();
        await Set(daemon, "five", EveryFive);
        string? setAt = (await daemon.Get("/api/v1/schedules/five")).GetProperty("setAt").GetString();
        await GoOn(daemon, TimeSpan.FromMinutes(4));
        Assert.Equal(HttpStatusCode.OK, await Set(daemon, "five", EveryFive));
        Assert.Equal(setAt, (await daemon.Get("/api/v1/schedules/five")).GetProperty("setAt").GetString());
        Assert.Single(Events(daemon, "schedule.set"));
        Assert.Equal(HttpStatusCode.OK, await Set(daemon, "five", """{"cron":"7 * * * *","job":{"kind":"doctor","priority":3}}"""));
        await GoOn(daemon, TimeSpan.FromMinutes(4));
        Assert.Equal([At("2026-01-01 00:07:00")], Times(daemon, "five"));
        Assert.Equal(3, Assert.Single(daemon.Store.List(null, null, 10)).Request.Priority);
    }

    [Fact]
    public async Task A_removed_schedule_submits_nothing_and_its_jobs_stay()
    {
        await using RunningDaemon daemon = await Start();
        await Set(daemon, "five", EveryFive);
        await Set(daemon, "hourly", Hourly);
        await GoOn(daemon, TimeSpan.FromMinutes(5));
        using HttpResponseMessage removed = await daemon.BySocket.DeleteAsync("/api/v1/schedules/five", Cancellation);
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        await GoOn(daemon, TimeSpan.FromMinutes(10));
        Assert.Single(Times(daemon, "five"));
        using HttpResponseMessage again = await daemon.BySocket.DeleteAsync("/api/v1/schedules/five", Cancellation);
        Assert.Equal(HttpStatusCode.NotFound, again.StatusCode);
        Assert.Equal(["hourly"], (await daemon.Get("/api/v1/schedules")).GetProperty("schedules").EnumerateArray().Select(schedule => schedule.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task Each_job_of_a_scheduled_program_has_its_file()
    {
        await using RunningDaemon daemon = await Start();
        await Set(daemon, "program", """{"cron":"*/5 * * * *","job":{"kind":"run","program":{"file":"f0VMRg==","arguments":["-v"]}}}""");
        await GoOn(daemon, TimeSpan.FromMinutes(5), makes: false);
        Job job = Assert.Single(daemon.Store.List(null, null, 10));
        Assert.Equal("\u007fELF"u8.ToArray(), daemon.Store.Program(job.Id));
        Assert.Equal(["-v"], job.Request.Program!.Arguments);
        Assert.Equal("", (await daemon.Get("/api/v1/schedules/program")).GetProperty("job").GetProperty("program").GetProperty("file").GetString());
        Assert.Equal(HttpStatusCode.OK, await Set(daemon, "program", """{"cron":"*/5 * * * *","job":{"kind":"run","program":{"file":"f0VMRgE=","arguments":["-v"]}}}"""));
        MakeAll(daemon);
        await GoOn(daemon, TimeSpan.FromMinutes(5), makes: false);
        Assert.Equal("\u007fELF\u0001"u8.ToArray(), daemon.Store.Program(daemon.Store.List(null, null, 1)[0].Id));
    }

    [Fact]
    public async Task A_scheduled_job_is_made_like_every_other()
    {
        await using RunningDaemon daemon = await Start();
        daemon.Store.IsCordoned = false;
        await Set(daemon, "five", EveryFive);
        await GoOn(daemon, TimeSpan.FromMinutes(5), makes: false);
        Job ended = await daemon.Ended(1);
        Assert.True(ended.State == JobState.Done, ended.Reason);
        Assert.Equal("done", (await daemon.Get("/api/v1/schedules/five")).GetProperty("lastJobState").GetString());
    }

    [Theory]
    [InlineData("""{"cron":"61 * * * *","job":{"kind":"doctor"}}""", "cron: ")]
    [InlineData("""{"cron":"@daily","timeZone":"Europe/Atlantis","job":{"kind":"doctor"}}""", "timeZone: ")]
    [InlineData("""{"cron":"@daily","job":{"kind":"run"}}""", "job.program: ")]
    [InlineData("""{"cron":"@daily"}""", "the body is not what is expected")]
    [InlineData("""{"cron":null,"job":{"kind":"doctor"}}""", "the body is not what is expected")]
    [InlineData("""{"cron":"@daily","job":null}""", "the body is not what is expected")]
    [InlineData("""{"cron":"@daily","job":{"kind":"doctor"},"colour":"red"}""", "colour")]
    [InlineData("[]", "the body is not what is expected")]
    public async Task What_is_no_schedule_is_refused_in_words(string body, string words)
    {
        await using RunningDaemon daemon = await Start();
        using HttpResponseMessage answer = await daemon.BySocket.PutAsync("/api/v1/schedules/nightly", RunningDaemon.Json(body), Cancellation);
        Assert.Equal((HttpStatusCode.BadRequest, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        Assert.Contains(words, (await RunningDaemon.Read(answer)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Empty(daemon.Store.EventsAfter(1, 10));
    }

    [Fact]
    public async Task All_that_is_wrong_with_a_schedule_is_told_at_once()
    {
        await using RunningDaemon daemon = await Start();
        using HttpResponseMessage answer = await daemon.BySocket.PutAsync(
            "/api/v1/schedules/Nightly", RunningDaemon.Json("""{"cron":"","timeZone":"","job":{"kind":"bench","priority":1000,"bench":{"sessions":0}}}"""), Cancellation);
        string[] errors = [.. (await RunningDaemon.Read(answer)).GetProperty("errors").EnumerateArray().Select(error => error.GetString()!)];
        Assert.Equal(["name", "cron", "timeZone", "job.priority", "job.bench.sessions"], errors.Select(error => error.Split(':')[0]));
    }

    [Theory]
    [InlineData("UPPER", 400)]
    [InlineData("-option", 400)]
    [InlineData(".hidden", 400)]
    [InlineData("a%00b", 400)]
    [InlineData("a%2Fb", 400)]
    [InlineData("%3Cscript%3E", 400)]
    [InlineData("%F0%9F%98%80", 400)]
    [InlineData("a'%20OR%201=1--", 400)]
    [InlineData("..%2F..%2Fetc", 400)]
    [InlineData("a/b", 404)]
    [InlineData("%2e%2e", 404)]
    public async Task A_name_that_is_none_is_refused(string name, int status)
    {
        await using RunningDaemon daemon = await Start();
        using HttpResponseMessage answer = await daemon.BySocket.PutAsync($"/api/v1/schedules/{name}", RunningDaemon.Json(EveryFive), Cancellation);
        Assert.Equal(status, (int)answer.StatusCode);
        using HttpResponseMessage shown = await daemon.BySocket.GetAsync($"/api/v1/schedules/{name}", Cancellation);
        Assert.True(shown.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest, $"{shown.StatusCode}");
        Assert.Equal(0, (await daemon.Get("/api/v1/schedules")).GetProperty("schedules").GetArrayLength());
    }

    [Fact]
    public async Task A_name_may_have_64_characters_and_no_more()
    {
        await using RunningDaemon daemon = await Start();
        Assert.Equal(HttpStatusCode.Created, await Set(daemon, new string('a', 64), EveryFive));
        Assert.Equal(HttpStatusCode.BadRequest, await Set(daemon, new string('a', 65), EveryFive));
    }

    private static AttemptEnd Success => new(AttemptOutcome.Succeeded, 0, null, null, null);

    private static DateTimeOffset At(string time) => DateTimeOffset.Parse($"{time}Z", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>A daemon whose own loop makes no jobs: the test does, in no time.</summary>
    private async Task<RunningDaemon> Start(Func<DaemonSettings, DaemonSettings>? with = null)
    {
        int sleeps = _clock.Sleeps;
        RunningDaemon daemon = await RunningDaemon.Start(
            settings => (with ?? (same => same))(settings with { StateFolder = Path.Combine(_folder, "state") }), _clock);
        daemon.Store.IsCordoned = true;
        await Asleep(sleeps);
        return daemon;
    }

    private async Task<HttpStatusCode> Set(RunningDaemon daemon, string name, string body)
    {
        int sleeps = _clock.Sleeps;
        using HttpResponseMessage answer = await daemon.BySocket.PutAsync($"/api/v1/schedules/{name}", RunningDaemon.Json(body), Cancellation);
        if (answer.IsSuccessStatusCode)
        {
            await Asleep(sleeps);
        }

        return answer.StatusCode;
    }

    private async Task Post(RunningDaemon daemon, string path)
    {
        int sleeps = _clock.Sleeps;
        using HttpResponseMessage answer = await daemon.BySocket.PostAsync(path, null, Cancellation);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await Asleep(sleeps);
    }

    /// <summary>Lets time pass, step by step: after each the daemon does what it has to, and its jobs are made.</summary>
    private async Task GoOn(RunningDaemon daemon, TimeSpan time, TimeSpan? step = null, bool makes = true)
    {
        for (TimeSpan left = time; left > TimeSpan.Zero;)
        {
            // On the clock's whole minutes.
            TimeSpan now = TimeSpan.FromTicks((step ?? Minute).Ticks - (_clock.Now.Ticks % (step ?? Minute).Ticks));
            now = now < left ? now : left;
            left -= now;
            await Elapse(now);
            if (makes)
            {
                MakeAll(daemon);
            }
        }
    }

    private async Task Elapse(TimeSpan time)
    {
        int sleeps = _clock.Sleeps;
        if (_clock.Elapse(time) > 0)
        {
            await Asleep(sleeps);
        }
    }

    private async Task Asleep(int sleeps)
    {
        while (_clock.Sleeps == sleeps)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(0.1), Cancellation);
        }
    }

    private static void UntilFull(JobStore store)
    {
        try
        {
            for (int count = 0; count < 1000; count++)
            {
                store.TryToWrite();
            }

            Assert.Fail("the disk is larger than it should be");
        }
        catch (StoreFullException)
        {
            // As it should be.
        }
    }

    private static void MakeAll(RunningDaemon daemon)
    {
        while (daemon.Store.TakeNext() is (Job job, int attempt))
        {
            daemon.Store.Finish(job.Id, attempt, Success);
        }
    }

    /// <summary>When the jobs of a schedule were submitted, in order.</summary>
    private static List<DateTimeOffset> Times(RunningDaemon daemon, string schedule) =>
        [.. daemon.Store.List(null, null, 1000).Where(job => job.SubmittedBy == $"schedule:{schedule}").Select(job => job.SubmittedAt).Reverse()];

    private static List<JobEvent> Events(RunningDaemon daemon, string kind) => [.. daemon.Store.EventsAfter(0, 10_000).Where(happened => happened.Kind == kind)];
}
