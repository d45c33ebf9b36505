// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;
using Kvmsys.Monitor.Reports.Html;
using Microsoft.Playwright;

namespace Kvmsys.Tests.NoDevice.Reports.Html;

/// <summary>
/// The page and the chart in a browser: Debian's Chromium, which build.sh installs. What was opened, and what it looked like, is kept in the
/// artifacts' folder screenshots.
/// </summary>
public sealed class BrowserTests : IAsyncLifetime
{
    private const int Desktop = 1280;
    private const int Phone = 390;

    private static readonly string Screenshots = Path.Combine(Checkout.Root, "artifacts", "screenshots");

    // Thousands of pairs take some seconds to be described.
    private static readonly Dictionary<Verdict, Lazy<BenchDocument>> Varied = Enum.GetValues<Verdict>()
        .ToDictionary(verdict => verdict, verdict => new Lazy<BenchDocument>(() => BenchDocument.Of(MadeUpBench.Varied(verdict) with { ShowEmulated = true })));

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

    [Theory]
    [InlineData("light", Desktop, Verdict.Hardware)]
    [InlineData("dark", Desktop, Verdict.Hardware)]
    [InlineData("light", Phone, Verdict.Hardware)]
    [InlineData("dark", Phone, Verdict.Emulated)]
    public async Task A_page_is_drawn_and_asks_for_nothing(string scheme, int width, Verdict verdict)
    {
        BenchDocument bench = Varied[verdict].Value;
        string name = $"page-{scheme}-{width}-{Spelling.Of(verdict)}";
        (IPage page, List<string> heard) = await Open($"{name}.html", BenchPage.Render(bench), scheme, width);
        Assert.Equal([$"file://{Screenshots}/{name}.html"], heard);
        Assert.Equal(bench.Results.Count, await page.Locator(".plot canvas").CountAsync());
        foreach (ILocator canvas in await page.Locator(".plot canvas").AllAsync())
        {
            await canvas.ScrollIntoViewIfNeededAsync();

            // Axes, bands, lines and points have a colour each.
            int colours = await canvas.EvaluateAsync<int>(
                "c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size");
            Assert.True(colours > 20, $"{colours} colours");
        }

        await AssertFits(page, width);
        await page.ScreenshotAsync(new() { Path = Screenshot(name), FullPage = true });
        await page.CloseAsync();
    }

    [Fact]
    public async Task Where_the_pointer_is_a_chart_tells_the_sessions_median()
    {
        BenchDocument bench = BenchDocument.Of(MadeUpBench.OnACpu());
        (IPage page, _) = await Open("pointer.html", BenchPage.Render(bench), "light", Desktop);
        ILocator plot = page.Locator(".plot").First;
        await plot.ScrollIntoViewIfNeededAsync();
        await plot.Locator(".u-over").HoverAsync();
        string told = await page.Locator(".readout").First.TextContentAsync() ?? "";
        string[] all = [.. bench.Results[0].CoreCycles!.Sessions.Select((value, index) => string.Create(CultureInfo.InvariantCulture, $"session {index + 1}: {value:F2} core cycles"))];
        Assert.Contains(told, all);
        await page.Mouse.MoveAsync(0, 0);
        Assert.Equal("10 sessions, 10 pairs", await page.Locator(".readout").First.TextContentAsync());
        await page.CloseAsync();
    }

    [Fact]
    public async Task A_chart_follows_the_scheme_and_the_width_of_its_page()
    {
        (IPage page, _) = await Open("scheme.html", BenchPage.Render(BenchDocument.Of(MadeUpBench.OnACpu())), "light", Desktop);
        byte[] light = await page.Locator(".plot").First.ScreenshotAsync();
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
        byte[] dark = await page.Locator(".plot").First.ScreenshotAsync();
        Assert.NotEqual(light, dark);
        await page.SetViewportSizeAsync(Phone, 844);
        await page.WaitForFunctionAsync("() => document.querySelector('.plot canvas').getBoundingClientRect().width < 390");
        await AssertFits(page, Phone);
        await page.CloseAsync();
    }

    [Fact]
    public async Task Without_JavaScript_the_figures_are_there_and_the_page_says_what_is_not()
    {
        BenchDocument bench = BenchDocument.Of(MadeUpBench.OnACpu());
        (IPage page, _) = await Open("no-script.html", BenchPage.Render(bench), "light", Phone, javaScript: false);
        Assert.Contains("600.00", await page.Locator("#costs table").InnerTextAsync(), StringComparison.Ordinal);
        Assert.True(await page.Locator("noscript").IsVisibleAsync());
        Assert.Equal(0, await page.Locator("canvas").CountAsync());
        await page.CloseAsync();
    }

    [Fact]
    public async Task A_hosts_text_is_shown_as_text()
    {
        const string hostile = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\" onload=\"alert(1)";
        BenchReport report = MadeUpBench.OnACpu();
        BenchDocument bench = BenchDocument.Of(report with { Host = report.Host with { Cpu = MadeUpBench.Cpu with { Brand = hostile } } });
        (IPage page, List<string> heard) = await Open("hostile.html", BenchPage.Render(bench), "light", Desktop);
        Assert.Equal([$"file://{Screenshots}/hostile.html"], heard);
        Assert.Equal(hostile, await page.Locator(".facts dd").First.TextContentAsync());
        Assert.Equal(0, await page.Locator("img").CountAsync());
        Assert.Equal(hostile, await page.EvaluateAsync<string>("JSON.parse(document.getElementById('bench').textContent).host.cpuBrand"));
        (IPage chart, List<string> chartHeard) = await Open("hostile.svg", BenchChart.Of(bench).ToFile(), "light", Desktop);
        Assert.Equal([$"file://{Screenshots}/hostile.svg"], chartHeard);
        await page.CloseAsync();
        await chart.CloseAsync();
    }

    [Theory]
    [InlineData("light", Verdict.Hardware)]
    [InlineData("dark", Verdict.Hardware)]
    [InlineData("light", Verdict.Emulated)]
    public async Task A_chart_is_drawn_and_no_text_is_cut_off(string scheme, Verdict verdict)
    {
        BenchDocument bench = Varied[verdict].Value;
        string name = $"chart-{scheme}-{Spelling.Of(verdict)}";
        (IPage page, List<string> heard) = await Open($"{name}.svg", BenchChart.Of(bench).ToFile(), scheme, Desktop);
        Assert.Equal([$"file://{Screenshots}/{name}.svg"], heard);
        string[] cut = await page.EvaluateAsync<string[]>(
            """
            () => {
              const all = document.documentElement.viewBox.baseVal;
              return [...document.querySelectorAll('text')].filter(text => { const box = text.getBBox(); return box.x < 0 || box.x + box.width > all.width || box.y + box.height > all.height; }).map(text => text.textContent);
            }
            """);
        Assert.Empty(cut);
        await page.Locator("svg").ScreenshotAsync(new() { Path = Screenshot(name) });
        await page.CloseAsync();
    }

    private static string Screenshot(string name) => Path.Combine(Screenshots, $"{name}.png");

    /// <summary>Opens a file, and hears what it asks for and what it complains of.</summary>
    private async Task<(IPage Page, List<string> Heard)> Open(string name, string content, string scheme, int width, bool javaScript = true)
    {
        string path = Path.Combine(Screenshots, name);
        await File.WriteAllTextAsync(path, content);
        IBrowserContext context = await _browser.NewContextAsync(new()
        {
            ColorScheme = scheme == "dark" ? ColorScheme.Dark : ColorScheme.Light,
            ViewportSize = new() { Width = width, Height = width == Phone ? 844 : 900 },
            DeviceScaleFactor = width == Phone ? 2 : 1,
            JavaScriptEnabled = javaScript,
        });
        IPage page = await context.NewPageAsync();
        List<string> heard = [];
        page.Request += (_, request) => heard.Add(request.Url);
        page.Console += (_, message) => heard.Add($"{message.Type}: {message.Text}");
        page.PageError += (_, error) => heard.Add(error);
        page.Dialog += async (_, dialog) =>
        {
            heard.Add(dialog.Message);
            await dialog.DismissAsync();
        };
        await page.GotoAsync($"file://{path}");
        return (page, heard);
    }

    /// <summary>The page is no wider than the window; what is, scrolls in its own box.</summary>
    private static async Task AssertFits(IPage page, int width)
    {
        Assert.Equal(width, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        string[] wide = await page.EvaluateAsync<string[]>(
            "[...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll, .plot') && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0).map(e => e.outerHTML.slice(0, 100))");
        Assert.Empty(wide);
    }
}
