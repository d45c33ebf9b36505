// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Kvmsys.Guest.Kernel;
using Kvmsys.Guest.Programs;
using Kvmsys.Monitor.Commands;
using Kvmsys.Monitor.Reports;
using Kvmsys.Monitor.Reports.Html;
using Spectre.Console;

namespace Kvmsys.Tests.NoDevice.Reports.Html;

/// <summary>A page and a chart as texts: what is in them, and what is not.</summary>
public sealed partial class PageTests
{
    private const string Hostile = "</script><script>alert(1)</script><!--\"'&\u0000\u001b[31m\u202e\uffff";
    private const string Half = "\ud800";

    private static readonly string[] Loaders =
        ["http:", "https:", "src=", "href=", "@import", "url(", "<link", "<iframe", "<object", "<embed", "<base", "<image", "<use", "<foreignObject"];

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";
    private static readonly BenchReport Several = MadeUpBench.Of(
        MadeUpBench.Result(EntryMechanism.Empty, MadeUpBench.Around(1)),
        MadeUpBench.Result(EntryMechanism.Int80, MadeUpBench.Around(600)),
        MadeUpBench.Result(EntryMechanism.Sysenter, [91.5]),
        MadeUpBench.Result(EntryMechanism.Int80, MadeUpBench.Around(7777), profile: KernelProfile.Linux26, tscKhz: null),
        MadeUpBench.Result(EntryMechanism.Vsyscall, null, profile: KernelProfile.Linux26));

    [Fact]
    public void The_pages_table_is_the_terminals()
    {
        BenchReport report = Several with { ShowEmulated = true };
        using StringWriter text = new();
        IAnsiConsole console = AnsiConsole.Create(new() { Out = new TerminalOutput(text, descriptor: 1, width: 200), ColorSystem = ColorSystemSupport.NoColors });
        console.Write(BenchTable.Render(report));
        string[][] terminal =
        [
            .. text.ToString().Split('\n')
                .Where(line => line.StartsWith("│ bare", StringComparison.Ordinal) || line.StartsWith("│ linux26", StringComparison.Ordinal))
                .Select(line => line.Trim().Trim('│').Split('│', StringSplitOptions.TrimEntries)),
        ];
        string table = Between(Page(report), "<table>", "</table>");
        string[][] page =
        [
            .. table.Split("<tbody>").Skip(1).SelectMany(profile => Row().Matches(profile)
                .Select(row => (string[])[Between(profile, "<span>", "</span>"), row.Groups[1].Value, .. Field().Matches(row.Value).Select(cell => cell.Groups[1].Value)])),
        ];
        Assert.Equal(5, terminal.Length);
        Assert.Equal(terminal, page);
    }

    [Fact]
    public void A_page_and_a_chart_ask_for_nothing()
    {
        string page = Page(Several);
        string markup = WithoutScript(page);
        string chart = Chart(Several);
        Assert.All(
            Loaders,
            loader => Assert.DoesNotContain(loader, markup, StringComparison.OrdinalIgnoreCase));
        Assert.All(
            Loaders.Append("<script"),
            loader => Assert.DoesNotContain(loader, chart.Replace($"xmlns=\"{Svg}\"", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void Only_what_is_in_the_page_may_act_in_it()
    {
        string page = Page(Several);
        string policy = WebUtility.HtmlDecode(Between(page, "Content-Security-Policy\" content=\"", "\""));
        string nonce = Between(policy, "script-src 'nonce-", "'");
        Assert.Equal($"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'", policy);
        Assert.Equal(2, Regex.Count(page, $"<(script|style) nonce=\"{nonce}\">"));
        Assert.DoesNotMatch("<[^>]* (style|on[a-z]+)=", WithoutScript(page));

        // Who writes a bench's file cannot know it.
        Assert.DoesNotContain(nonce, Page(Several), StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_has_the_benchs_JSON()
    {
        Assert.Equal(MadeUpBench.Json(Several), Between(Page(Several), "<script type=\"application/json\" id=\"bench\">", "</script>"));
        Assert.Equal(5, BenchFile.Parse(MadeUpBench.Bytes(MadeUpBench.Json(Several)), "page").Results.Count);
    }

    [Fact]
    public void No_text_of_a_host_gets_out_of_its_place()
    {
        JsonNode bench = JsonNode.Parse(MadeUpBench.Json(Several))!;
        foreach (string field in new[] { "cpuVendor", "cpuBrand", "microcode", "hypervisor", "kernel", "kvmModule" })
        {
            bench["host"]![field] = Hostile;
        }

        bench["version"] = Hostile;
        bench["plan"]!["hash"] = Hostile;
        bench["plan"]!["absent"]![0]!["reason"] = Hostile;
        bench["host"]!["kvmParameters"] = new JsonObject { [Hostile] = Hostile, ["nothing"] = null };
        bench["host"]!["tuning"]!["vulnerabilities"] = new JsonObject { [Hostile] = Hostile };
        bench["host"]!["tuning"]!["isolated"] = Hostile;
        bench["results"]![0]!["discardedPairs"] = bench["results"]![0]!["pairs"]!.GetValue<int>();
        bench["results"]![0]!["discardReasons"] = new JsonObject { [Hostile] = 15_360 };
        bench["results"]![0]!["evidence"]![0]!["value"] = Hostile;
        BenchDocument document = BenchFile.Parse(MadeUpBench.Bytes(bench.ToJsonString()), "hostile.json").Showing(showEmulated: false);
        string page = BenchPage.Render(document);
        Assert.Equal(2, Regex.Count(page, "<script"));
        Assert.Equal(2, Regex.Count(page, "</script"));
        Assert.DoesNotContain("<!--", page, StringComparison.Ordinal);
        Assert.DoesNotContain(page, c => char.IsControl(c) && c != '\n');
        XElement chart = XElement.Parse(BenchChart.Of(document).ToFile());
        Assert.Contains("</script><script>alert(1)</script><!--\"'&\ufffd\ufffd[31m\ufffd\ufffd", chart.Element(Svg + "title")!.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lone_half_of_a_pair_is_a_replacement_character() => Assert.Equal("&#xFFFD;", Fragment.Of($"{Half}").ToString());

    [Fact]
    public void Of_an_emulator_there_is_no_cost_in_a_page_or_a_chart()
    {
        string file = MadeUpBench.Json(MadeUpBench.Emulated() with { ShowEmulated = true });
        BenchDocument read = BenchFile.Parse(MadeUpBench.Bytes(file), "emulated.json");
        foreach (BenchDocument hidden in new[] { BenchDocument.Of(MadeUpBench.Emulated()), read.Showing(showEmulated: false) })
        {
            string page = BenchPage.Render(hidden);
            Assert.Contains("No cost is shown", page, StringComparison.Ordinal);
            Assert.DoesNotContain("class=\"plot\"", page, StringComparison.Ordinal);
            Assert.All(new[] { page, BenchChart.Of(hidden).ToFile() }, text => Assert.DoesNotMatch(@"\b(600\.0|599\.9|450\.0|150\.0|90\.0|89\.9|67\.5|22\.5|6\.67|6\.6)", text));
            Assert.Equal(MadeUpBench.Json(MadeUpBench.Emulated()), Between(page, "id=\"bench\">", "</script>"));
            XElement chart = XElement.Parse(BenchChart.Of(hidden).ToFile());
            Assert.Equal(2, TextsOf(chart, "value none").Count(text => text == "emulated: no cost is shown"));
            Assert.DoesNotContain(chart.Elements(Svg + "rect"), bar => ((string)bar.Attribute("class")!).StartsWith("bar", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Every_figure_of_an_emulator_that_is_shown_is_marked()
    {
        // A file may leave the marks out.
        string file = MadeUpBench.Json(MadeUpBench.Emulated() with { ShowEmulated = true }).Replace("\"emulated\": true,", "", StringComparison.Ordinal);
        BenchDocument shown = BenchFile.Parse(MadeUpBench.Bytes(file), "emulated.json").Showing(showEmulated: true);
        string page = BenchPage.Render(shown);
        string[] cells = [.. Row().Matches(Between(page, "<table>", "</table>")).SelectMany(row => Regex.Matches(row.Value, "<td[^>]*>(.*?)</td>").SkipLast(1)).Select(cell => cell.Groups[1].Value).Where(cell => cell.Length > 0)];
        string[] figures = [.. Regex.Matches(Between(page, "class=\"cards\"", "</section>"), "<dd>(.*?)</dd>").Select(figure => figure.Groups[1].Value)];
        Assert.Equal((10, 16), (cells.Length, figures.Length));
        Assert.All(cells.Concat(figures), figure => Assert.EndsWith(" <small class=\"emulated\">emulated</small>", figure, StringComparison.Ordinal));
        Assert.All(Regex.Matches(page, "<p class=\"headline\">.*"), headline => Assert.Contains(">emulated</small>", headline.Value, StringComparison.Ordinal));
        Assert.All(Regex.Matches(page, "<p class=\"note\">Pairs crowd at .*"), modes => Assert.Contains(">emulated</small>", modes.Value, StringComparison.Ordinal));
        Assert.Equal(MadeUpBench.Json(MadeUpBench.Emulated() with { ShowEmulated = true }), Between(page, "id=\"bench\">", "</script>"));
        XElement chart = XElement.Parse(BenchChart.Of(shown).ToFile());
        Assert.Equal(["600.00 +- 0.03 emulated", "90.00 +- 0.03 emulated"], TextsOf(chart, "value"));
        Assert.Equal(2, chart.Elements(Svg + "rect").Count(bar => (string?)bar.Attribute("class") == "bar hollow"));
    }

    [Fact]
    public void A_charts_bars_are_as_long_as_the_costs_and_have_their_intervals()
    {
        XElement linear = XElement.Parse(Chart(MadeUpBench.OnACpu()));
        double[] widths = [.. linear.Elements(Svg + "rect").Skip(1).Select(bar => double.Parse((string)bar.Attribute("width")!, CultureInfo.InvariantCulture))];
        Assert.Equal(600.0 / 90, widths[0] / widths[1], 0.01);
        Assert.Equal(2, linear.Elements(Svg + "path").Count());
        Assert.Contains("core cycles for a call", TextsOf(linear, "note"));
        XElement logarithmic = XElement.Parse(Chart(Several));
        Assert.Contains("core cycles for a call, logarithmic", TextsOf(logarithmic, "note"));
        Assert.Equal(["1.00 +- 0.03", "600.00 +- 0.03", "92", "7777.00 +- 0.03"], TextsOf(logarithmic, "value"));
        Assert.Equal(["unknown"], TextsOf(logarithmic, "value none"));
        Assert.Equal(["bare", "linux26"], TextsOf(logarithmic, "group"));
        Assert.Equal(3, logarithmic.Elements(Svg + "path").Count());
    }

    [Theory]
    [InlineData(new double[0], false, new double[] { 0, 0.2, 0.4, 0.6, 0.8, 1 })]
    [InlineData(new double[] { 0 }, false, new double[] { 0, 0.2, 0.4, 0.6, 0.8, 1 })]
    [InlineData(new double[] { 90, 600 }, false, new double[] { 0, 100, 200, 300, 400, 500, 600 })]
    [InlineData(new double[] { 1, 7000 }, true, new double[] { 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000 })]
    public void An_axis_has_round_numbers(double[] values, bool logarithmic, double[] ticks)
    {
        BarAxis axis = new(values);
        Assert.Equal(logarithmic, axis.IsLogarithmic);
        Assert.Equal(ticks.Length, axis.Ticks.Count);
        Assert.All(ticks.Zip(axis.Ticks), pair => Assert.Equal(pair.First, pair.Second, 1e-9));
        Assert.All(values.Concat(ticks), value => Assert.InRange(axis.PlaceOf(value), 0, 1));
    }

    [Fact]
    public void An_axis_of_what_nobody_measures_still_ends()
    {
        BarAxis axis = new([1e-9, 1e15]);
        Assert.InRange(axis.Ticks.Count, 10, 40);
        Assert.Equal((0, 1), (axis.PlaceOf(-1), axis.PlaceOf(1e15)));
    }

    [Fact]
    public void A_bench_that_was_ended_or_is_unstable_says_so()
    {
        BenchReport report = MadeUpBench.Of(MadeUpBench.Result(EntryMechanism.Int80, null)) with { RunsDone = 1 };
        string page = Page(report);
        Assert.Contains("incomplete: something ended the bench early", page, StringComparison.Ordinal);
        Assert.Contains("unstable: so much of int80 on bare was discarded", page, StringComparison.Ordinal);
        Assert.Contains("discarded: 48 pairs of batches, host-interrupt. Cure: give the measurement a CPU without a timer tick", page, StringComparison.Ordinal);
        Assert.DoesNotContain("incomplete:", Page(MadeUpBench.OnACpu()), StringComparison.Ordinal);
    }

    [Fact]
    public void The_note_on_uPlot_tells_its_version_and_every_page_its_licence()
    {
        string note = File.ReadAllText(Path.Combine(Checkout.Root, "src/Monitor/Reports/Html/uPlot/THIRD-PARTY.md"));
        string version = Between(EmbeddedFile.Read("uPlot/uPlot.iife.min.js"), "(v", ")");
        Assert.StartsWith($"# uPlot {version}\n", note, StringComparison.Ordinal);
        Assert.Contains(EmbeddedFile.Read("uPlot/LICENSE"), Page(Several), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_is_replaced_as_a_whole_or_not_at_all()
    {
        string folder = Directory.CreateTempSubdirectory("kvmsys-test-").FullName;
        try
        {
            string file = Path.Combine(folder, "page.html");
            string link = Path.Combine(folder, "link.html");
            File.WriteAllText(file, "old");
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.CreateSymbolicLink(link, "page.html");
            using (OutputFile.Prepare("--html", file))
            {
                Assert.Equal(2, Directory.GetFiles(folder).Count(path => !path.Contains("page.html.", StringComparison.Ordinal)));
            }

            Assert.Equal(("old", 2), (File.ReadAllText(file), Directory.GetFiles(folder).Length));
            using (OutputFile output = OutputFile.Prepare("--html", link))
            {
                output.Write("new");
            }

            Assert.Equal(("new", "page.html", 2), (File.ReadAllText(file), new FileInfo(link).LinkTarget, Directory.GetFiles(folder).Length));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            string another = Path.Combine(folder, "another.html");
            using (OutputFile output = OutputFile.Prepare("--html", another))
            {
                Assert.False(File.Exists(another));
                output.Write("new");
            }

            Assert.Equal(("new", 3), (File.ReadAllText(another), Directory.GetFiles(folder).Length));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Page(BenchReport report) => BenchPage.Render(BenchDocument.Of(report));

    private static string Chart(BenchReport report) => BenchChart.Of(BenchDocument.Of(report)).ToFile();

    private static IEnumerable<string> TextsOf(XElement chart, string kind) =>
        chart.Elements(Svg + "text").Where(text => (string?)text.Attribute("class") == kind).Select(text => text.Value);

    private static string Between(string text, string start, string end)
    {
        int from = text.IndexOf(start, StringComparison.Ordinal) + start.Length;
        Assert.True(from >= start.Length, start);
        return text[from..text.IndexOf(end, from, StringComparison.Ordinal)];
    }

    private static string WithoutScript(string page) =>
        page.Replace(Between(page, $"<script nonce=\"{Between(page, "<script nonce=\"", "\"")}\">", "</script>"), "", StringComparison.Ordinal);

    [GeneratedRegex("<tr><th scope=\"row\">(.*?)</th>.*?</tr>", RegexOptions.Singleline)]
    private static partial Regex Row();

    [GeneratedRegex("<td[^>]*>(.*?)</td>")]
    private static partial Regex Field();
}
