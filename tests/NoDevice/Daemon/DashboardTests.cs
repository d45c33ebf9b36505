// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Kvmsys.Monitor.Daemon.Access;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Daemon.Web;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;
using Kvmsys.Tests.NoDevice.Reports;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>The daemon's web page in a browser: real sockets, a real database with results that nobody has measured, and Debian's Chromium.</summary>
public sealed class DashboardTests(DashboardBrowser browser) : IClassFixture<DashboardBrowser>
{
    private const int Desktop = DashboardBrowser.Desktop;
    private const int Phone = DashboardBrowser.Phone;
    private const string Hostile = "</script><img src=x onerror=alert(1)><b>\"'&\u202e";

    private static readonly JobRequest Doctor = new() { Kind = JobKind.Doctor };

    private static readonly JobRequest Program = new() { Kind = JobKind.Run, Name = "hello", Program = new ProgramSpec { File = [1], Arguments = ["--loud"] } };

    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    // ---- What is shown ----

    [Fact]
    public async Task The_host_is_shown_with_the_verdict_of_its_last_bench_and_what_its_daemon_does()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        long bench = DashboardData.Add(daemon.Store, BenchDocument.Of(MadeUpBench.OnACpu()), DashboardData.Start);
        DashboardData.AddFailed(daemon.Store, Doctor, "it crashed", "a log");
        DashboardData.Submit(daemon.Store, Doctor with { Name = "waits" });
        (IPage page, List<string> complaints) = await browser.Page(daemon.ByPort.BaseAddress!);
        await page.GotoAsync("/");
        JsonElement host = (await daemon.Get("/api/v1/host")).GetProperty("host");
        await Expect(page.Locator("h1")).ToHaveTextAsync(host.GetProperty("cpuBrand").GetString()!);
        await Expect(page.Locator(".verdict")).ToContainTextAsync($"hardware {Spelling.Explain(Verdict.Hardware)}: the last bench, job {bench} of 2026-03-01 06:00");
        await Expect(page.Locator("main > .warning")).ToContainTextAsync("Cordoned.");
        Assert.Equal(["1queued", "0running", "1done", "1failed", "0cancelled"], (await page.Locator(".counts a").AllTextContentsAsync()).Select(text => text.Replace(" ", "", StringComparison.Ordinal)));
        await Expect(page.GetByRole(AriaRole.Group, new() { Name = "Jobs that wait" })).ToContainTextAsync("waits");
        await Expect(page.GetByRole(AriaRole.Group, new() { Name = "Latest benches" }).Locator("tbody tr")).ToHaveCountAsync(1);
        await Expect(page.Locator("#connection")).ToHaveTextAsync("live");
        await Expect(page.Locator("#access")).ToHaveTextAsync("loopback: read");
        await AssertQuiet(page, complaints, Desktop);
    }

    [Fact]
    public async Task What_has_become_dearer_and_what_is_made_again_and_again_are_shown_with_the_host()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        DashboardData.AddSeries(daemon.Store);
        Assert.Single(new RegressionStore(daemon.Store, TimeProvider.System).LookFor([.. daemon.Store.Figures("int80", "bare", 1)]));
        new ScheduleStore(daemon.Store, TimeProvider.System).Set("nightly", new ScheduleRequest { Cron = "0 3 * * *", Job = Doctor }, "tester");
        (IPage page, List<string> complaints) = await browser.Page(daemon.ByPort.BaseAddress!);
        await page.GotoAsync("/");
        ILocator change = page.GetByRole(AriaRole.Group, new() { Name = "Changes by more than the host's own noise" }).Locator("tbody tr");
        await Expect(change).ToContainTextAsync("int80 on bareslower");
        await Expect(change).ToContainTextAsync("microcode 0xa0011d5 -> 0xa0011d7");
        ILocator schedule = page.GetByRole(AriaRole.Group, new() { Name = "Schedules" }).Locator("tbody tr");
        await Expect(schedule).ToContainTextAsync("nightly0 3 * * * UTC");
        await Expect(schedule).ToContainTextAsync("none yet");
        await AssertQuiet(page, complaints, Desktop);
    }

    [Fact]
    public async Task A_disk_that_is_full_and_a_database_that_was_damaged_are_told_first()
    {
        string state = Directory.CreateTempSubdirectory("kvmsys-state-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(state, "jobs.db"), new string('x', 10_000), Cancellation);
            await using RunningDaemon daemon = await RunningDaemon.Start(settings => settings with { StateFolder = state });
            (IPage page, List<string> complaints) = await browser.Page(daemon.ByPort.BaseAddress!);

            // No test fills the disk under a daemon while a browser looks.
            await page.RouteAsync("**/api/v1/host", async route =>
            {
                IAPIResponse answer = await route.FetchAsync();
                await route.FulfillAsync(new() { Response = answer, Body = (await answer.TextAsync()).Replace("\"diskFull\":false", "\"diskFull\":true", StringComparison.Ordinal) });
            });
            await page.GotoAsync("/");
            await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("The disk is full.");
            await Expect(page.Locator("main > .warning")).ToContainTextAsync($"The database was damaged. A new one was begun at the daemon's start; the old one lies, as it was, in {state}/jobs.db.damaged-");
            await Expect(page.Locator("main")).ToContainTextAsync("No bench was made yet.");
            await AssertQuiet(page, complaints, Desktop);
        }
        finally
        {
            Directory.Delete(state, recursive: true);
        }
    }

    [Fact]
    public async Task Jobs_are_listed_a_page_at_a_time_and_by_their_state()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        for (int job = 0; job < 30; job++)
        {
            DashboardData.Add(daemon.Store, Doctor with { Name = $"number {job}" }, "{}");
        }

        DashboardData.AddFailed(daemon.Store, Doctor, "it crashed", "a log");
        (IPage page, List<string> complaints) = await browser.Page(daemon.ByPort.BaseAddress!);
        await page.GotoAsync("/#/jobs");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(25);
        await page.GetByRole(AriaRole.Link, new() { Name = "Older" }).ClickAsync();
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(6);
        await Expect(page.Locator("tbody tr").Last).ToContainTextAsync("number 0");
        await page.GetByRole(AriaRole.Link, new() { Name = "Latest" }).ClickAsync();
        await page.GetByLabel("State").SelectOptionAsync("failed");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await Expect(page.Locator("tbody tr")).ToContainTextAsync("it crashed");
        Assert.EndsWith("#/jobs?state=failed", page.Url, StringComparison.Ordinal);
        await page.GetByLabel("State").SelectOptionAsync("running");
        await Expect(page.Locator("main")).ToContainTextAsync("No job is running.");
        await AssertQuiet(page, complaints, Desktop);
    }

    [Fact]
    public async Task A_job_is_shown_with_its_attempts_their_reasons_and_logs()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        long id = DashboardData.AddFailed(daemon.Store, Program, "its process ended with status 139", "first line\nkvmsys: second line\n");
        (IPage page, List<string> complaints) = await browser.Page(daemon.ByPort.BaseAddress!);
        await page.GotoAsync($"/#/jobs/{id}");
        await Expect(page.Locator("h1")).ToHaveTextAsync($"Job {id}: hello");
        await Expect(page.Locator(".attempts > li")).ToContainTextAsync("Attempt 1 crashed");
        await Expect(page.Locator(".attempts")).ToContainTextAsync("exit status139");
        await Expect(page.Locator(".attempts")).ToContainTextAsync("its process ended with status 139");
        await Expect(page.Locator("pre")).ToBeHiddenAsync();
        await page.GetByText("Log", new() { Exact = true }).ClickAsync();
        await Expect(page.Locator("pre")).ToHaveTextAsync("first line\nkvmsys: second line\n");
        await Expect(page.Locator("main")).ToContainTextAsync("\"--loud\"");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Cancel this job" })).ToHaveCountAsync(0);
        await AssertQuiet(page, complaints, Desktop);
    }

    [Theory]
    [InlineData(Verdict.Hardware, 0)]
    [InlineData(Verdict.Emulated, 18)]
    public async Task A_benchs_job_shows_each_cost_and_its_distribution_and_marks_what_is_no_CPUs(Verdict verdict, int marked)
    {
        BenchDocument bench = DashboardData.Varied(verdict);
        await using RunningDaemon daemon = await RunningDaemon.Start();
        long id = DashboardData.Add(daemon.Store, bench, DashboardData.Start);
        (IPage page, List<string> complaints) = await browser.Page(daemon.ByPort.BaseAddress!);
        await page.GotoAsync($"/#/jobs/{id}");
        ILocator costs = page.GetByRole(AriaRole.Group, new() { Name = "What a call costs" });
        await Expect(costs.Locator("tbody tr:not(.profile)")).ToHaveCountAsync(bench.Results.Count);
        await Expect(costs).ToContainTextAsync(Kvmsys.Monitor.Statistics.Digits.Format(bench.Results[2].CoreCycles!.Estimate));
        await Expect(costs.Locator("td b .emulated, td b + .emulated")).ToHaveCountAsync(marked);
        await Expect(page.Locator(".verdict")).ToContainTextAsync(Spelling.Explain(verdict));
        await Expect(page.Locator(".plot canvas")).ToHaveCountAsync(bench.Results.Count);
        await Expect(page.Locator(".headline .emulated")).ToHaveCountAsync(marked);
        foreach (ILocator plot in (await page.Locator(".plot").AllAsync()).Take(3))
        {
            await plot.ScrollIntoViewIfNeededAsync();
            Assert.True(await Colours(plot) > 20);
            Assert.Contains("medians of 10 sessions between", await plot.GetAttributeAsync("aria-label"), StringComparison.Ordinal);
            Assert.Equal(verdict == Verdict.Emulated, (await plot.GetAttributeAsync("aria-label"))!.Contains("emulated", StringComparison.Ordinal));
        }

        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "The result as JSON" })).ToHaveAttributeAsync("href", $"api/v1/jobs/{id}/result");
        await AssertQuiet(page, complaints, Desktop);
    }

    [Fact]
    public async Task A_bench_without_figures_shows_what_was_counted()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        long id = DashboardData.Add(daemon.Store, BenchDocument.Of(MadeUpBench.Emulated()), DashboardData.Start);
        (IPage page, List<string> complaints) = await browser.Page(daemon.ByPort.BaseAddress!);
        await page.GotoAsync($"/#/jobs/{id}");
        await Expect(page.GetByRole(AriaRole.Group, new() { Name = "What was counted" })).ToContainTextAsync("1,000,000");
        await Expect(page.Locator("main")).ToContainTextAsync("No cost is shown, for it would be no CPU's");
        await Expect(page.Locator("canvas")).ToHaveCountAsync(0);
        await AssertQuiet(page, complaints, Desktop);
    }

    [Fact]
    public async Task What_a_program_wrote_and_what_a_check_up_found_are_shown()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        long run = DashboardData.Add(daemon.Store, Program, DashboardData.Run("Hello,\nworld\n", "a warning\n"));
        (IPage page, List<string> complaints) = await browser.Page(daemon.ByPort.BaseAddress!);
        await page.GotoAsync($"/#/jobs/{run}");
        await Expect(page.Locator("pre").First).ToHaveTextAsync("Hello,\nworld\n");
        await Expect(page.Locator("pre").Last).ToHaveTextAsync("a warning\n");
        await Expect(page.Locator("main")).ToContainTextAsync("exit status3");
        daemon.Store.IsCordoned = false;
        using HttpResponseMessage answer = await daemon.Submit("""{"kind":"doctor"}""");
        long doctor = (await RunningDaemon.Read(answer)).GetProperty("id").GetInt64();
        await daemon.Ended(doctor);
        JsonElement check = (await daemon.Get($"/api/v1/jobs/{doctor}/result")).GetProperty("checks")[0];
        await page.GotoAsync($"/#/jobs/{doctor}");
        await Expect(page.GetByRole(AriaRole.Group, new() { Name = "Checks" })).ToContainTextAsync(check.GetProperty("evidence").GetString()!);
        await AssertQuiet(page, complaints, Desktop);
    }

    [Fact]
    public async Task A_series_is_drawn_with_where_its_cost_and_its_host_changed()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        DashboardData.AddSeries(daemon.Store);
        (IPage page, List<string> complaints) = await browser.Page(daemon.ByPort.BaseAddress!);
        await page.GotoAsync("/#/series");
        await Expect(page.Locator("tbody tr:not(.profile)")).ToHaveCountAsync(2);
        await Expect(page.Locator("svg.sparkline")).ToHaveCountAsync(2);
        await page.GetByRole(AriaRole.Link, new() { Name = "int80" }).ClickAsync();
        await Expect(page.Locator("h1")).ToHaveTextAsync("int80 on bare");
        ILocator changes = page.GetByRole(AriaRole.Group, new() { Name = "What changed" }).Locator("tbody tr");
        await Expect(changes).ToHaveCountAsync(4);
        await Expect(changes.Nth(0)).ToContainTextAsync("kernel 6.12.1 -> 6.12.9");
        await Expect(changes.Nth(0)).ToContainTextAsync("2026-03-21");
        await Expect(page.Locator("tbody tr", new() { HasText = "cost +1" })).ToContainTextAsync("also changed: microcode 0xa0011d5 -> 0xa0011d7");
        await Expect(changes.Nth(3)).ToContainTextAsync("mitigation of spectre_v2: Mitigation: Retpolines -> Vulnerable");
        ILocator plot = page.Locator(".series-plot");
        Assert.True(await Colours(plot) > 20);
        Assert.Matches("int80 on bare. 50 benches from 2026-03-01 06:00 to 2026-04-19 06:00: .* 3 marks", await plot.GetAttributeAsync("aria-label"));
        await plot.Locator(".u-over").HoverAsync();
        await Expect(page.Locator(".readout")).ToContainTextAsync("core cycles (");
        await page.GetByText("The figures").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Group, new() { Name = "Figures" }).Locator("tbody tr")).ToHaveCountAsync(50);
        await AssertQuiet(page, complaints, Desktop);
    }

    [Fact]
    public async Task Two_benches_are_compared_and_what_cannot_be_is_told()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        long before = DashboardData.Add(daemon.Store, BenchDocument.Of(MadeUpBench.OnACpu()), DashboardData.Start);
        long after = DashboardData.Add(daemon.Store, BenchDocument.Of(MadeUpBench.OnACpu(int80: 650)), DashboardData.Start.AddDays(1));
        long emulated = DashboardData.Add(daemon.Store, BenchDocument.Of(MadeUpBench.Emulated() with { ShowEmulated = true }), DashboardData.Start.AddDays(2));
        (IPage page, List<string> complaints) = await browser.Page(daemon.ByPort.BaseAddress!);
        await page.GotoAsync($"/#/compare?after={after}");
        ILocator row = page.GetByRole(AriaRole.Group, new() { Name = "What became of the cost" }).Locator("tbody tr", new() { HasText = "int80" });
        await Expect(row).ToContainTextAsync("slower");
        await Expect(row).ToContainTextAsync("+50.0");
        await Expect(row).ToContainTextAsync("1.083");
        await Expect(page.GetByLabel("Base")).ToHaveValueAsync($"{before}");
        await AssertQuiet(page, complaints, Desktop);
        await page.GetByLabel("New", new() { Exact = true }).SelectOptionAsync($"{emulated}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Compare" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("the verdicts on int80 on bare differ: hardware and emulated. Cure: measure both on a CPU.");
        await Expect(page.GetByLabel("New", new() { Exact = true })).ToHaveValueAsync($"{emulated}");
    }

    [Theory]
    [InlineData("/#/jobs/77", "there is no job 77")]
    [InlineData("/#/nowhere", "The pages that there are stand above.")]
    [InlineData("/#/series/nothing/bare", "No bench has a figure of nothing on bare.")]
    [InlineData("/#/compare", "There are no two benches yet.")]
    public async Task What_is_not_there_is_said_in_words(string path, string words)
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        (IPage page, _) = await browser.Page(daemon.ByPort.BaseAddress!);
        await page.GotoAsync(path);
        await Expect(page.Locator("main")).ToContainTextAsync(words);
    }

    [Fact]
    public async Task What_others_have_written_is_shown_as_text()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        string shown = Hostile.Replace('\u202e', '\ufffd');
        BenchReport report = MadeUpBench.OnACpu();
        BenchDocument bench = BenchDocument.Of(report with { Host = report.Host with { Cpu = MadeUpBench.Cpu with { Brand = Hostile } } });
        long id = DashboardData.Add(daemon.Store, bench, DashboardData.Start, Hostile);
        long failed = DashboardData.AddFailed(daemon.Store, Program with { Name = Hostile, Program = new ProgramSpec { File = [1], Arguments = [Hostile] } }, Hostile, Hostile);
        long run = DashboardData.Add(daemon.Store, Program, DashboardData.Run(Hostile, Hostile));
        (IPage page, List<string> complaints) = await browser.Page(daemon.ByPort.BaseAddress!);
        foreach ((string path, string place) in new[]
        {
            ("/#/jobs", "tbody"), ($"/#/jobs/{id}", "h1"), ($"/#/jobs/{failed}", "h1"), ($"/#/jobs/{run}", "pre"), ("/#/series/int80/bare", "main"), ($"/#/compare?before={id}&after={id}", ".sides"),
            ($"/#/series/{Uri.EscapeDataString(Hostile)}/bare", "h1"),
        })
        {
            await page.GotoAsync(path);
            await Expect(page.Locator(place).First).ToContainTextAsync(shown);
            Assert.Equal(0, await page.Locator("main img, main script, main b b").CountAsync());
            await AssertQuiet(page, complaints, Desktop);
        }

        await page.GotoAsync($"/#/jobs/{failed}");
        await page.GetByText("Log", new() { Exact = true }).ClickAsync();
        await Expect(page.Locator("pre")).ToHaveTextAsync(shown);
    }

    // ---- What changes ----

    [Fact]
    public async Task What_happens_is_shown_without_being_asked_for_and_the_reader_stays_where_he_was()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        long failed = DashboardData.AddFailed(daemon.Store, Doctor, "a reason", "a log");
        (IPage page, List<string> complaints) = await browser.Page(daemon.ByPort.BaseAddress!);
        await page.GotoAsync("/#/jobs");
        await Expect(page.Locator("#connection")).ToHaveTextAsync("live");
        await page.GetByRole(AriaRole.Link, new() { Name = $"{failed}", Exact = true }).FocusAsync();
        long id = DashboardData.Submit(daemon.Store, Doctor with { Name = "new" });
        await Expect(page.Locator("tbody tr").First).ToContainTextAsync("new");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = $"{failed}", Exact = true })).ToBeFocusedAsync();
        daemon.Store.Cancel(id);
        await Expect(page.Locator("tbody tr").First).ToContainTextAsync("cancelled");
        await Expect(page.Locator("#said")).ToHaveTextAsync($"Job {id} is cancelled");
        await AssertQuiet(page, complaints, Desktop);
    }

    [Fact]
    public async Task A_job_that_runs_shows_how_far_it_is_and_ends_when_it_is_cancelled()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        await using SocketProxy proxy = new(daemon.SocketPath);
        using HttpResponseMessage answer = await daemon.Submit("""{"kind":"bench","bench":{"mechanisms":["syscall"],"profiles":["host64"],"protocol":"full"}}""");
        long id = (await RunningDaemon.Read(answer)).GetProperty("id").GetInt64();
        (IPage page, List<string> complaints) = await browser.Page(proxy.Address);
        page.Dialog += async (_, dialog) => await dialog.AcceptAsync();
        await page.GotoAsync($"/#/jobs/{id}");
        await Expect(page.GetByRole(AriaRole.Progressbar)).ToBeVisibleAsync();
        await Expect(page.Locator("#progress")).ToHaveTextAsync(new Regex(@"\d+ %"));
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel this job" }).ClickAsync();
        await Expect(page.Locator(".lead .badge")).ToHaveTextAsync("cancelled");
        Assert.Equal(JobState.Cancelled, (await daemon.Ended(id)).State);
        await Expect(page.GetByRole(AriaRole.Progressbar)).ToHaveCountAsync(0);
        await AssertQuiet(page, complaints, Desktop);
    }

    [Fact]
    public async Task A_page_that_nobody_sees_asks_for_nothing_and_goes_on_where_it_was()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        (IPage page, List<string> complaints) = await browser.Page(daemon.ByPort.BaseAddress!);
        await page.AddInitScriptAsync("Object.defineProperty(document, 'hidden', { get: () => window.unseen === true });");
        await page.GotoAsync("/#/jobs");
        await Expect(page.Locator("#connection")).ToHaveTextAsync("live");
        await page.EvaluateAsync("window.unseen = true; document.dispatchEvent(new Event('visibilitychange'))");
        List<string> asked = [];
        page.Request += (_, request) => asked.Add(request.Url);
        long id = DashboardData.Submit(daemon.Store, Doctor with { Name = "meanwhile" });
        daemon.Store.IsCordoned = true;
        await Task.Delay(1500, Cancellation);
        Assert.Empty(asked);
        await page.EvaluateAsync("window.unseen = false; document.dispatchEvent(new Event('visibilitychange'))");
        await Expect(page.Locator("tbody tr").First).ToContainTextAsync("meanwhile");
        Assert.NotEqual(0, id);
        await AssertQuiet(page, complaints, Desktop);
    }

    [Fact]
    public async Task A_connection_that_is_lost_is_said_to_be_and_comes_back()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        (IPage page, _) = await browser.Page(daemon.ByPort.BaseAddress!);
        await page.GotoAsync("/#/jobs");
        await Expect(page.Locator("#connection")).ToHaveTextAsync("live");
        await page.Context.SetOfflineAsync(true);
        await page.EvaluateAsync("document.dispatchEvent(new Event('visibilitychange'))");
        DashboardData.AddFailed(daemon.Store, Doctor with { Name = "meanwhile" }, "a reason", "a log");
        await page.GetByRole(AriaRole.Link, new() { Name = "Series" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("The daemon does not answer. Cure:");
        await page.Context.SetOfflineAsync(false);
        await page.GetByRole(AriaRole.Link, new() { Name = "Jobs" }).ClickAsync();
        await Expect(page.Locator("tbody tr").First).ToContainTextAsync("meanwhile");
        await Expect(page.Locator("#connection")).ToHaveTextAsync("live");
    }

    // ---- What is done ----

    [Fact]
    public async Task A_bench_is_submitted_and_a_double_click_is_one_job()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        daemon.Store.IsCordoned = true;
        await using SocketProxy proxy = new(daemon.SocketPath);
        (IPage page, List<string> complaints) = await browser.Page(proxy.Address);
        await page.GotoAsync("/#/submit");
        await page.GetByLabel("sysenter", new() { Exact = true }).CheckAsync();
        await page.GetByLabel("bare", new() { Exact = true }).CheckAsync();
        await page.GetByLabel("full", new() { Exact = true }).CheckAsync();
        await page.GetByLabel("Sessions").FillAsync("7");
        await page.GetByLabel("Name").FillAsync("by hand");

        int sent = 0;
        await page.RouteAsync("**/api/v1/jobs", async route =>
        {
            sent++;
            await route.ContinueAsync();
        });
        await page.GetByRole(AriaRole.Button, new() { Name = "Submit" }).DblClickAsync();
        await Expect(page.Locator("h1")).ToHaveTextAsync("Job 1: by hand");
        Job job = Assert.Single(daemon.Store.List(null, null, 10));
        Assert.Equal(("sysenter", "bare", "full", 7, "socket"), (job.Request.Bench!.Mechanisms.Single(), job.Request.Bench.Profiles.Single(), job.Request.Bench.Protocol, job.Request.Bench.Sessions, job.SubmittedBy));
        Assert.Equal(1, sent);
        await AssertQuiet(page, complaints, Desktop);
    }

    [Fact]
    public async Task A_second_try_after_the_answer_was_lost_is_the_same_job_and_another_filling_another()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        daemon.Store.IsCordoned = true;
        await using SocketProxy proxy = new(daemon.SocketPath);
        (IPage page, _) = await browser.Page(proxy.Address);
        await page.GotoAsync("/#/submit");
        await page.GetByLabel("doctor", new() { Exact = true }).CheckAsync();
        bool isLost = true;
        await page.RouteAsync("**/api/v1/jobs", async route =>
        {
            // It has come to the daemon, and the answer to nobody.
            IAPIResponse answer = await route.FetchAsync();
            await (isLost ? route.AbortAsync() : route.FulfillAsync(new() { Response = answer }));
            isLost = false;
        });
        ILocator submit = page.GetByRole(AriaRole.Button, new() { Name = "Submit" });
        await submit.ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("The daemon does not answer.");
        await submit.ClickAsync();
        await Expect(page.Locator("h1")).ToHaveTextAsync("Job 1");
        await page.GotoAsync("/#/submit");
        await page.GetByLabel("doctor", new() { Exact = true }).CheckAsync();
        await submit.ClickAsync();
        await Expect(page.Locator("h1")).ToHaveTextAsync("Job 2");
        Assert.Equal(2, daemon.Store.List(null, null, 10).Count);
    }

    [Fact]
    public async Task A_program_is_sent_with_its_arguments()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        daemon.Store.IsCordoned = true;
        await using SocketProxy proxy = new(daemon.SocketPath);
        (IPage page, List<string> complaints) = await browser.Page(proxy.Address);
        await page.GotoAsync("/#/submit");
        await page.GetByLabel("run a program").CheckAsync();
        await page.GetByLabel("Program", new() { Exact = true }).SetInputFilesAsync(new FilePayload { Name = "hello", MimeType = "application/octet-stream", Buffer = [0x7f, (byte)'E', 0xff, 0] });
        await page.GetByLabel("Arguments").FillAsync("one two\n--three\n");
        await page.GetByLabel("Environment").FillAsync("A=b c");
        await page.GetByRole(AriaRole.Button, new() { Name = "Submit" }).ClickAsync();
        await Expect(page.Locator("h1")).ToHaveTextAsync("Job 1");
        Job job = Assert.Single(daemon.Store.List(null, null, 10));
        Assert.Equal([0x7f, (byte)'E', 0xff, 0], daemon.Store.Program(job.Id));
        Assert.Equal(["one two", "--three"], job.Request.Program!.Arguments);
        Assert.Equal(["A=b c"], job.Request.Program.Environment);
        await AssertQuiet(page, complaints, Desktop);
    }

    [Fact]
    public async Task What_the_daemon_objects_to_is_said_at_its_field_and_to_who_cannot_see_it()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        await using SocketProxy proxy = new(daemon.SocketPath);
        (IPage page, _) = await browser.Page(proxy.Address);
        await page.GotoAsync("/#/submit");
        await page.GetByLabel("Sessions").FillAsync("0");
        await page.GetByLabel("Priority").FillAsync("1000");
        await page.GetByRole(AriaRole.Button, new() { Name = "Submit" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert).First).ToContainTextAsync("2 things are wrong with it:");
        await Expect(page.GetByRole(AriaRole.Alert).First).ToContainTextAsync("priority: -100 to 100");
        await Expect(page.GetByLabel("Sessions")).ToHaveAttributeAsync("aria-invalid", "true");
        await Expect(page.Locator("[id='bench.sessions-error']")).ToContainTextAsync("1 to ");
        await Expect(page.GetByLabel("Priority")).ToBeFocusedAsync();
        await page.GetByLabel("Priority").FillAsync("many");
        await page.GetByRole(AriaRole.Button, new() { Name = "Submit" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert).First).ToContainTextAsync("priority: a whole number");
        Assert.Empty(daemon.Store.List(null, null, 10));
    }

    [Fact]
    public async Task Who_may_only_read_is_shown_no_form_and_no_button()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        long id = DashboardData.Begin(daemon.Store, Doctor);
        (IPage page, List<string> complaints) = await browser.Page(daemon.ByPort.BaseAddress!);
        await page.GotoAsync("/#/submit");
        await Expect(page.Locator("main")).ToContainTextAsync("You are loopback, and may not submit jobs from here.");
        await Expect(page.GetByLabel("Token")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Submit", Exact = true })).ToHaveCountAsync(0);
        await page.GotoAsync($"/#/jobs/{id}");
        await Expect(page.Locator(".lead .badge")).ToHaveTextAsync("running");
        await Expect(page.GetByRole(AriaRole.Button)).ToHaveCountAsync(0);
        await AssertQuiet(page, complaints, Desktop);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task Where_the_daemon_wants_a_token_the_page_asks_for_it_keeps_it_for_the_tab_and_sends_it(int status)
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        await using SocketProxy proxy = new(daemon.SocketPath);
        DashboardData.AddFailed(daemon.Store, Doctor with { Name = "seen" }, "a reason", "a log");
        string right = daemon.Tokens.Create("viewer", Scope.Read, lifetime: null).ToString();
        (IPage page, _) = await browser.Page(proxy.Address);
        await page.RouteAsync("**/api/v1/**", async route =>
        {
            if (route.Request.Headers.TryGetValue("authorization", out string? sent) && sent == $"Bearer {right}")
            {
                await route.ContinueAsync();
            }
            else
            {
                await route.FulfillAsync(new() { Status = status, ContentType = "application/problem+json", Body = $$"""{"title":"no","status":{{status}},"detail":"a token is needed"}""" });
            }
        });
        await page.GotoAsync("/#/jobs");
        await Expect(page.GetByRole(AriaRole.Alert).First).ToContainTextAsync("a token is needed");
        ILocator token = page.GetByLabel("Token");
        ILocator use = page.GetByRole(AriaRole.Button, new() { Name = "Use this token" });
        await token.FillAsync("wrong");
        await use.ClickAsync();
        await Expect(page.Locator("form .field-error")).ToHaveTextAsync("a token is needed");
        await token.FillAsync("two words");
        await use.ClickAsync();
        await Expect(page.Locator("form .field-error")).ToContainTextAsync("no space");
        await token.FillAsync(right);
        await use.ClickAsync();
        await Expect(page.Locator("tbody tr")).ToContainTextAsync("seen");
        await Expect(page.Locator("#connection")).ToHaveTextAsync("live");
        await page.ReloadAsync();
        await Expect(page.Locator("tbody tr")).ToContainTextAsync("seen");
        Assert.Equal(right, await page.EvaluateAsync<string>("sessionStorage.getItem('kvmsys.token')"));
        Assert.Equal(0, await page.EvaluateAsync<int>("localStorage.length + document.cookie.length"));
        await page.GotoAsync("/#/access");
        await page.GetByRole(AriaRole.Button, new() { Name = "Forget the one that is used" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert).First).ToContainTextAsync("a token is needed");
        Assert.Null(await page.EvaluateAsync<string?>("sessionStorage.getItem('kvmsys.token')"));
    }

    [Fact]
    public async Task All_of_it_is_reached_by_the_keyboard_alone_and_a_page_begins_at_its_heading()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        long id = DashboardData.AddFailed(daemon.Store, Doctor with { Name = "found" }, "a reason", "a log");
        (IPage page, List<string> complaints) = await browser.Page(daemon.ByPort.BaseAddress!);
        await page.GotoAsync("/");
        await Expect(page.Locator("#connection")).ToHaveTextAsync("live");
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.GetByText("Skip to the content")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("main")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Shift+Tab");
        await TabTo(page, page.GetByRole(AriaRole.Link, new() { Name = "Jobs", Exact = true }), "Shift+Tab");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Jobs");
        await Expect(page.Locator("h1")).ToBeFocusedAsync();
        await TabTo(page, page.GetByLabel("State"), "Tab");
        await page.Keyboard.PressAsync("f");
        await Expect(page).ToHaveURLAsync(new Regex("state=failed$"));
        await Expect(page.GetByLabel("State")).ToBeFocusedAsync();
        await TabTo(page, page.GetByRole(AriaRole.Link, new() { Name = $"{id}", Exact = true }), "Tab");
        Assert.Equal("2px", await page.EvaluateAsync<string>("getComputedStyle(document.activeElement).outlineWidth"));
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync($"Job {id}: found");
        await Expect(page.Locator("h1")).ToBeFocusedAsync();
        Assert.Equal($"Job {id}: found - kvmsys", await page.TitleAsync());
        await TabTo(page, page.Locator("summary"), "Tab");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("pre")).ToBeVisibleAsync();
        await page.GoBackAsync();
        await Expect(page.Locator("h1")).ToHaveTextAsync("Jobs");
        await AssertQuiet(page, complaints, Desktop);
    }

    [Theory]
    [InlineData(ColorScheme.Light, Desktop)]
    [InlineData(ColorScheme.Dark, Desktop)]
    [InlineData(ColorScheme.Light, Phone)]
    [InlineData(ColorScheme.Dark, Phone)]
    public async Task Every_page_fits_a_screen_and_a_phone_in_light_and_dark(ColorScheme scheme, int width)
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        DashboardData.AddSeries(daemon.Store, 44);
        long bench = DashboardData.Add(daemon.Store, DashboardData.Varied(Verdict.Hardware), DashboardData.Start.AddDays(60), "nightly");
        long failed = DashboardData.AddFailed(daemon.Store, Program, "its process ended with status 139: a line that is longer than a phone is wide, as lines of logs are", new string('x', 300));
        DashboardData.Submit(daemon.Store, Program with { Name = new string('w', 100) });
        long running = DashboardData.Begin(daemon.Store, Doctor with { Priority = 5 });
        await using SocketProxy proxy = new(daemon.SocketPath);
        (IPage page, List<string> complaints) = await browser.Page(proxy.Address, scheme, width);
        foreach ((string name, string path) in new[]
        {
            ("host", "/#/"), ("jobs", "/#/jobs"), ("bench", $"/#/jobs/{bench}"), ("failed", $"/#/jobs/{failed}"), ("running", $"/#/jobs/{running}"), ("series-list", "/#/series"), ("series", "/#/series/int80/bare"),
            ("compare", $"/#/compare?before=1&after=44"), ("submit", "/#/submit"), ("access", "/#/access"),
        })
        {
            await page.GotoAsync(path);
            await Expect(page.Locator("#connection")).ToHaveTextAsync("live");
            await Expect(page.Locator("main")).ToHaveAttributeAsync("aria-busy", "false");
            await AssertQuiet(page, complaints, width);
            Assert.Equal(1, await page.Locator("h1").CountAsync());
            await DashboardBrowser.Keep(page, $"{name}-{scheme.ToString().ToLowerInvariant()}-{width.ToString(CultureInfo.InvariantCulture)}");
        }

        string ground = await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor");
        Assert.Equal(scheme == ColorScheme.Dark ? "rgb(19, 21, 25)" : "rgb(245, 246, 248)", ground);
    }

    // ---- How it is served ----

    [Fact]
    public async Task Every_file_is_served_small_and_only_once_under_a_policy_that_lets_nothing_else_in()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        string[] paths = ["/", .. Dashboard.Names.Select(name => $"/web/{name}")];
        foreach (string path in paths)
        {
            byte[] plain = await daemon.ByPort.GetByteArrayAsync(path, Cancellation);
            foreach ((string accepted, string? encoding) in new[] { ("br, gzip", "br"), ("gzip;q=0.5", "gzip"), ("br;q=0, identity", null) })
            {
                using HttpResponseMessage answer = await Ask(path, accepted, null);
                Assert.Equal((HttpStatusCode.OK, encoding), (answer.StatusCode, answer.Content.Headers.ContentEncoding.SingleOrDefault()));
                byte[] sent = await answer.Content.ReadAsByteArrayAsync(Cancellation);
                Assert.Equal(plain, Unpacked(sent, encoding));
                Assert.True(encoding is null || plain.Length < 1500 || sent.Length < plain.Length / 2, $"{path}: {sent.Length} of {plain.Length} bytes");
                Assert.Equal("Accept-Encoding", answer.Headers.Vary.Single());
                Assert.Equal(
                    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
                    answer.Headers.GetValues("Content-Security-Policy").Single());
                using HttpResponseMessage again = await Ask(path, accepted, answer.Headers.ETag!.ToString());
                Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
            }
        }

        foreach (string path in (string[])["/web/", "/web/nothing.js", "/web/..%2Findex.html", "/web/index.html", "/web/LICENSE"])
        {
            using HttpResponseMessage answer = await Ask(path, "br", null);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }

        async Task<HttpResponseMessage> Ask(string path, string accepted, string? tag)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, path);
            request.Headers.Add("Accept-Encoding", accepted);
            if (tag is not null)
            {
                request.Headers.Add("If-None-Match", tag);
            }

            return await daemon.ByPort.SendAsync(request, Cancellation);
        }

        static byte[] Unpacked(byte[] bytes, string? encoding)
        {
            using MemoryStream packed = new(bytes);
            using Stream stream = encoding switch
            {
                "br" => new System.IO.Compression.BrotliStream(packed, System.IO.Compression.CompressionMode.Decompress),
                "gzip" => new System.IO.Compression.GZipStream(packed, System.IO.Compression.CompressionMode.Decompress),
                _ => packed,
            };
            using MemoryStream plain = new();
            stream.CopyTo(plain);
            return plain.ToArray();
        }
    }

    [Fact]
    public async Task The_page_names_every_file_of_its_folder_and_has_no_script_and_no_style_in_it()
    {
        await using RunningDaemon daemon = await RunningDaemon.Start();
        string html = await daemon.ByPort.GetStringAsync("/", Cancellation);
        string main = await daemon.ByPort.GetStringAsync("/web/dashboard.js", Cancellation);
        string series = await daemon.ByPort.GetStringAsync("/web/seriesView.js", Cancellation);
        string job = await daemon.ByPort.GetStringAsync("/web/jobView.js", Cancellation);
        string hosts = await daemon.ByPort.GetStringAsync("/web/hostsView.js", Cancellation);

        // Those of the first page at once, and others when they are wanted.
        string[] named = [.. Regex.Matches(html + main, "web/([\\w.]+)").Concat(Regex.Matches(main + series + job + hosts, "\"\\./([\\w.]+)\"")).Select(match => match.Groups[1].Value).Distinct()];
        Assert.Equal(Dashboard.Names.Order(), named.Order());
        string[] written = [.. Directory.GetFiles(Path.Combine(Checkout.Root, "src/Monitor/Daemon/Web"), "*.js").Select(path => Path.GetFileName(path))];
        Assert.Empty(written.Except(named));
        Assert.DoesNotMatch("<style|style=|<script>| on[a-z]+=", html);
    }

    [Fact]
    public async Task With_ten_thousand_results_the_first_view_asks_for_no_more_than_with_few()
    {
        string state = Directory.CreateTempSubdirectory("kvmsys-state-").FullName;
        try
        {
            ManyResults.Make(state, 10_000);
            await using RunningDaemon daemon = await RunningDaemon.Start(settings => settings with { StateFolder = state });
            (IPage page, List<string> complaints) = await browser.Page(daemon.ByPort.BaseAddress!);
            List<IResponse> answers = [];
            page.Response += (_, answer) => answers.Add(answer);
            await page.GotoAsync("/");
            await Expect(page.GetByRole(AriaRole.Group, new() { Name = "Latest benches" }).Locator("tbody tr")).ToHaveCountAsync(8);
            await Expect(page.Locator(".counts")).ToContainTextAsync("10,000");
            await Expect(page.Locator("#connection")).ToHaveTextAsync("live");
            await AssertBounded(answers, 9, 16 << 10);
            answers.Clear();
            await page.GotoAsync("/#/series");
            await Expect(page.Locator("tbody tr:not(.profile)")).ToHaveCountAsync(ManyResults.Mechanisms);
            await AssertBounded(answers, 2, 256 << 10);
            answers.Clear();
            await page.GotoAsync("/#/series/int80/bare");
            await Expect(page.Locator(".series-plot canvas")).ToHaveCountAsync(1);
            await AssertBounded(answers, 1, 64 << 10);
            await AssertQuiet(page, complaints, Desktop);
        }
        finally
        {
            Directory.Delete(state, recursive: true);
        }

        static async Task AssertBounded(List<IResponse> answers, int most, int mostBytes)
        {
            IResponse[] asked = [.. answers.Where(answer => answer.Url.Contains("/api/", StringComparison.Ordinal) && !answer.Url.EndsWith("/events", StringComparison.Ordinal))];
            Assert.InRange(asked.Length, 1, most);
            foreach (IResponse answer in asked)
            {
                Assert.InRange((await answer.BodyAsync()).Length, 1, mostBytes);
            }
        }
    }

    /// <summary>Nothing went wrong, nothing was asked for elsewhere, and the page is no wider than the window; what is, scrolls in its own box.</summary>
    private static async Task AssertQuiet(IPage page, List<string> complaints, int width)
    {
        Assert.Empty(complaints);
        Assert.Equal(width, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        string[] wide = await page.EvaluateAsync<string[]>(
            "[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, .plot, .series-plot, pre, select, .unseen, textarea, .skip') && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0).map(e => e.outerHTML.slice(0, 100))");
        Assert.Empty(wide);
    }

    private static Task<int> Colours(ILocator plot) => plot.Locator("canvas").EvaluateAsync<int>(
        "c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size");

    private static async Task TabTo(IPage page, ILocator wanted, string key)
    {
        const int most = 60;
        for (int pressed = 0; pressed < most; pressed++)
        {
            if (await wanted.EvaluateAsync<bool>("e => e === document.activeElement"))
            {
                return;
            }

            await page.Keyboard.PressAsync(key);
        }

        Assert.Fail($"{most} times {key} did not lead to {wanted}");
    }
}
