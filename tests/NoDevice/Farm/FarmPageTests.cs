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
}
