// SPDX-License-Identifier: MIT

using Kvmsys.Tests.NoDevice.Daemon;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Kvmsys.Tests.NoDevice.Farm;

/// <summary>The page of a farm's controller, in Debian's Chromium.</summary>
public sealed class FarmPageTests(DashboardBrowser browser) : IClassFixture<DashboardBrowser>
{
    [Fact]
    public async Task The_first_page_of_a_farm_shows_its_hosts_what_they_do_and_lets_an_administrator_cordon_them()
    {
        await using Farm farm = await Farm.Start("a", "b");
        long id = await farm.Submit(Farm.EndlessBench, "host:b");
        await farm.UntilOn(id, "b");
        await using SocketProxy proxy = new(farm.Controller.SocketPath);
        (IPage page, List<string> complaints) = await browser.Page(proxy.Address);
        await page.GotoAsync("/");
        await Expect(page.GetByRole(AriaRole.Navigation, new() { Name = "Pages" }).GetByRole(AriaRole.Link).First).ToHaveTextAsync("Hosts");
        ILocator a = page.Locator(".host").Filter(new() { Has = page.GetByRole(AriaRole.Heading, new() { Name = "a idle" }) });
        ILocator b = page.Locator(".host").Filter(new() { Has = page.GetByRole(AriaRole.Heading, new() { Name = "b busy" }) });
        await Expect(a).ToHaveCountAsync(1, new() { Timeout = 20_000 });
        await Expect(b.GetByRole(AriaRole.Link, new() { Name = $"Job {id}" })).ToHaveCountAsync(1, new() { Timeout = 20_000 });
        await DashboardBrowser.Keep(page, "farm");
        await a.GetByRole(AriaRole.Button, new() { Name = "Begin no further job on a" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "a cordoned" })).ToHaveCountAsync(1, new() { Timeout = 20_000 });
        farm.Agent("b").Kill();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "b gone" })).ToHaveCountAsync(1, new() { Timeout = 60_000 });
        Assert.Empty(complaints);

        (IPage dark, complaints) = await browser.Page(proxy.Address, ColorScheme.Dark, DashboardBrowser.Phone);
        await dark.GotoAsync("/");
        await Expect(dark.Locator(".host")).ToHaveCountAsync(2);
        Assert.True(await dark.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than a phone");
        await DashboardBrowser.Keep(dark, "farm-phone");
        Assert.Empty(complaints);
    }

    [Fact]
    public async Task The_first_page_of_a_farm_shows_what_a_new_kernel_has_done_to_which_of_its_hosts()
    {
        await using RunningDaemon controller = await FarmChangeTests.Controller(fleet =>
        {
            fleet.GetNewKernel("a", 600, 650);
            fleet.GetNewKernel("b", 600, 660);
            fleet.GetNewKernel("c", 600, 600);
            fleet.GetNewKernel("d", 90, 80, mechanism: "sysenter");
            fleet.GetNewKernel("e", 600, 600, benchesAfter: 2);
            fleet.Hear("a", "b", "c", "d", "e");
        });
        (IPage page, List<string> complaints) = await browser.Page(controller.ByPort.BaseAddress!);
        await page.GotoAsync("/");
        ILocator change = page.Locator(".change");
        await Expect(change.GetByRole(AriaRole.Heading)).ToHaveTextAsync(MadeUpFleet.KernelChange);
        await Expect(change.Locator(".on > li")).ToHaveTextAsync(
            ["slower on 2 of 5 hosts: a, b", "faster on 1 of 5 hosts: d", "unchanged on 1 host: c", "undecided on 1 host: e; too little measured to tell"]);
        ILocator rows = change.Locator("tbody tr");
        await Expect(rows).ToHaveCountAsync(2);
        await Expect(rows.First).ToContainTextAsync("int80 on linux26slower2 of 31.092 1.083 to 1.100+55.1 +50.1 to +60.1");
        await Expect(rows.Last).ToContainTextAsync("sysenter on linux26faster1 of 1");
        await Expect(rows.First.GetByRole(AriaRole.Link, new() { Name = "job 13" })).ToHaveAttributeAsync("href", "#/jobs/13");
        await DashboardBrowser.Keep(page, "farm-changes");
        await rows.First.GetByRole(AriaRole.Link, new() { Name = "a", Exact = true }).ClickAsync();
        await Expect(page.Locator("h1")).ToHaveTextAsync("int80 on linux26, host a");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "a: AMD EPYC 7003, made up" })).ToHaveCountAsync(1);
        Assert.Empty(complaints);

        (IPage dark, complaints) = await browser.Page(controller.ByPort.BaseAddress!, ColorScheme.Dark, DashboardBrowser.Phone);
        await dark.GotoAsync("/");
        await Expect(dark.Locator(".change")).ToHaveCountAsync(1);
        Assert.True(await dark.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than a phone");
        await DashboardBrowser.Keep(dark, "farm-changes-phone");
        Assert.Empty(complaints);
    }

    [Fact]
    public async Task Where_nothing_has_become_dearer_or_cheaper_the_first_page_of_a_farm_says_so()
    {
        await using RunningDaemon controller = await FarmChangeTests.Controller(fleet =>
        {
            fleet.GetNewKernel("a", 600, 600);
            fleet.Hear("a");
        });
        (IPage page, List<string> complaints) = await browser.Page(controller.ByPort.BaseAddress!);
        await page.GotoAsync("/");
        await Expect(page.Locator("section", new() { Has = page.GetByRole(AriaRole.Heading, new() { Name = "What changed" }) }))
            .ToContainTextAsync("In the last 7 days nothing has become dearer or cheaper on any host by more than its own noise.");
        await Expect(page.Locator(".change")).ToHaveCountAsync(0);
        Assert.Empty(complaints);
    }
}
