// SPDX-License-Identifier: MIT

using Microsoft.Playwright;

namespace Kvmsys.Tests.NoDevice.Daemon;

/// <summary>Debian's Chromium, once for all tests of the dashboard, and what its pages complain of.</summary>
public sealed class DashboardBrowser : IAsyncLifetime
{
    public const int Desktop = 1280;
    public const int Phone = 360;

    private static readonly string Screenshots = Path.Combine(Checkout.Root, "artifacts", "screenshots");

    private IPlaywright _playwright = null!;
    private IBrowser _browser = null!;

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Screenshots);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = "/usr/bin/chromium", ChromiumSandbox = false });
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }

    /// <summary>A page that shows nothing yet, and a list of what it complains of: errors, refusals of its policy, requests to elsewhere.</summary>
    internal async Task<(IPage Page, List<string> Complaints)> Page(Uri daemon, ColorScheme scheme = ColorScheme.Light, int width = Desktop)
    {
        IBrowserContext context = await _browser.NewContextAsync(new()
        {
            BaseURL = daemon.ToString(),
            ColorScheme = scheme,
            ViewportSize = new() { Width = width, Height = width == Phone ? 760 : 900 },
            DeviceScaleFactor = width == Phone ? 2 : 1,
            TimezoneId = "UTC",
            ReducedMotion = ReducedMotion.Reduce,
        });
        context.SetDefaultTimeout(20_000);
        IPage page = await context.NewPageAsync();
        List<string> complaints = [];
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(daemon.ToString(), StringComparison.Ordinal) && !request.Url.StartsWith("blob:", StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal))
            {
                complaints.Add(request.Url);
            }
        };
        page.Console += (_, message) => complaints.Add($"{message.Type}: {message.Text}");
        page.PageError += (_, error) => complaints.Add(error);
        return (page, complaints);
    }

    internal static Task Keep(IPage page, string name) => page.ScreenshotAsync(new() { Path = Path.Combine(Screenshots, $"dashboard-{name}.png"), FullPage = true });
}
