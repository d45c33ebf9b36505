// SPDX-License-Identifier: MIT

using Kvmsys.Monitor.Measurement;
using Kvmsys.Monitor.Reports;
using Kvmsys.Monitor.Reports.Fleet;
using Kvmsys.Monitor.Reports.Html;
using Kvmsys.Monitor.Statistics;
using Kvmsys.Tests.NoDevice.Reports.Fleet;
using Microsoft.Playwright;

namespace Kvmsys.Tests.NoDevice.Reports.Html;

/// <summary>The page of many hosts in a browser that runs no script. What was opened, and what it looked like, is kept in the artifacts' folder screenshots.</summary>
public sealed class FleetBrowserTests : IAsyncLifetime
{
    private const int Desktop = 1280;
    private const int Phone = 390;

    private static readonly string Screenshots = Path.Combine(Checkout.Root, "artifacts", "screenshots");

    // Thousands of pairs take some seconds to be described.
    private static readonly Lazy<FleetComparison> Varied = new(() =>
    {
        BenchDocument bench = BenchDocument.Of(MadeUpBench.Varied());
        BenchDocument nested = BenchDocument.Of(MadeUpBench.Varied(Verdict.HardwareNested));
        BenchDocument emulated = BenchDocument.Of(MadeUpBench.Varied(Verdict.Emulated) with { ShowEmulated = true });
        return FleetComparison.Of(
            [
                ("db1", On(bench, MadeUpFleet.Epyc, 1)),
                ("db2", On(bench, MadeUpFleet.Epyc, 1.04)),
                ("web1", On(bench, MadeUpFleet.Xeon, 0.93, "6.1.0")),
                ("web2", On(bench, MadeUpFleet.Xeon, 0.98, "6.12.1")),
                ("guest", On(nested, "AMD Ryzen 9 7950X 16-Core Processor", 0.71)),
                ("lab", On(emulated, "QEMU Virtual CPU version 2.5+", 3.1)),
            ],
            showEmulated: true);
    });

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
    [InlineData("light", Desktop)]
    [InlineData("dark", Desktop)]
    [InlineData("light", Phone)]
    [InlineData("dark", Phone)]
    public async Task A_page_is_drawn_without_a_script_and_asks_for_nothing(string scheme, int width)
    {
        string name = $"fleet-{scheme}-{width}";
        (IPage page, List<string> heard) = await Open($"{name}.html", FleetPage.Render(Varied.Value), scheme, width);
        Assert.Equal([$"file://{Screenshots}/{name}.html"], heard);
        Assert.Equal(18, await page.Locator("svg").CountAsync());
        Assert.Equal(18 * 5, await page.Locator("svg path.ridge").CountAsync());
        string[] wrong = await page.EvaluateAsync<string[]>(
            """
            () => [...document.querySelectorAll('svg')].flatMap(svg => {
              const all = svg.viewBox.baseVal;
              const inside = box => box.x >= 0 && box.x + box.width <= all.width && box.y >= 0 && box.y + box.height <= all.height;
              const cut = [...svg.querySelectorAll('text, .ridge, .estimate')].filter(part => !inside(part.getBBox())).map(part => part.outerHTML.slice(0, 200));
              const flat = [...svg.querySelectorAll('.ridge')].filter(ridge => ridge.getBBox().height < 30 || ridge.getBBox().width < 3).map(ridge => ridge.outerHTML.slice(0, 200));
              return [...cut, ...flat];
            })
            """);
        Assert.Empty(wrong);
        Assert.Equal(width, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        await page.ScreenshotAsync(new() { Path = Path.Combine(Screenshots, $"{name}.png"), FullPage = true });
        await page.CloseAsync();
    }

    [Fact]
    public async Task Who_does_not_see_the_ridges_is_told_what_they_show()
    {
        (IPage page, _) = await Open("fleet-words.html", FleetPage.Render(Varied.Value), "light", Desktop);
        ILocator chart = page.GetByRole(AriaRole.Img, new() { Name = "int80 on bare", Exact = true });
        string words = await chart.Locator("desc").TextContentAsync() ?? "";
        Assert.Matches(@"^AMD EPYC 7763: 6\d\d core cycles\. Intel Xeon Platinum 8375C, kernel 6\.1\.0: 57\d\.\d+ core cycles, half of all pairs from 57\d\.\d+ to 57\d\.\d+\.", words);
        Assert.Matches(@"QEMU Virtual version 2\.5\+, emulated: 19\d\d\.?\d* core cycles of an emulator", words);
        await page.CloseAsync();
    }

    [Fact]
    public async Task A_hosts_text_is_shown_as_text()
    {
        const string hostile = "</desc></svg></script><script>alert(1)</script><img src=x onerror=alert(1)>\" onload=\"alert(1)";
        FleetComparison comparison = FleetComparison.Of(
            [(hostile, MadeUpFleet.Bench(hostile).With(microcode: hostile, meltdown: hostile)), ("b", MadeUpFleet.Bench(hostile, int80: 700).With(microcode: "0x1", kernel: hostile, meltdown: "none"))]);
        (IPage page, List<string> heard) = await Open("fleet-hostile.html", FleetPage.Render(comparison), "light", Desktop, javaScript: true);
        Assert.Equal([$"file://{Screenshots}/fleet-hostile.html"], heard);
        Assert.Equal(0, await page.Locator("img").CountAsync());
        Assert.Equal(2, await page.Locator("svg").CountAsync());
        Assert.StartsWith(hostile, await page.Locator("tbody th").First.TextContentAsync(), StringComparison.Ordinal);
        await page.CloseAsync();
    }

    /// <summary>A bench as another CPU would have made it.</summary>
    private static BenchDocument On(BenchDocument bench, string brand, double factor, string kernel = "6.12.1")
    {
        return bench with
        {
            Host = bench.Host with { CpuBrand = brand, Kernel = kernel },
            Plan = bench.Plan with { Seed = brand.Length },
            Results = [.. bench.Results.Select(result => result with { CoreCycles = Times(result.CoreCycles), Ns = Times(result.Ns), TscTicks = Times(result.TscTicks) })],
        };

        CostDocument? Times(CostDocument? cost) => cost is null ? null : cost with
        {
            Sessions = [.. cost.Sessions.Select(session => session * factor)],
            Distribution = new Distribution
            {
                Count = cost.Distribution.Count,
                Minimum = cost.Distribution.Minimum * factor,
                Percentile5 = cost.Distribution.Percentile5 * factor,
                Percentile25 = cost.Distribution.Percentile25 * factor,
                Median = cost.Distribution.Median * factor,
                Percentile75 = cost.Distribution.Percentile75 * factor,
                Percentile95 = cost.Distribution.Percentile95 * factor,
                Percentile99 = cost.Distribution.Percentile99 * factor,
                Maximum = cost.Distribution.Maximum * factor,
                HodgesLehmann = cost.Distribution.HodgesLehmann * factor,
                MedianAbsoluteDeviation = cost.Distribution.MedianAbsoluteDeviation * factor,
                Modes = [.. cost.Distribution.Modes.Select(mode => mode * factor)],
            },
        };
    }

    /// <summary>Opens a file, and hears what it asks for and what it complains of.</summary>
    private async Task<(IPage Page, List<string> Heard)> Open(string name, string content, string scheme, int width, bool javaScript = true)
    {
        string path = Path.Combine(Screenshots, name);
        await File.WriteAllTextAsync(path, content, TestContext.Current.CancellationToken);
        IBrowserContext context = await _browser.NewContextAsync(new()
        {
            ColorScheme = scheme == "dark" ? ColorScheme.Dark : ColorScheme.Light,
            ViewportSize = new() { Width = width, Height = width == Phone ? 844 : 900 },
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
}
