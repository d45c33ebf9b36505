// SPDX-License-Identifier: MIT

using System.Net;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Kvmsys.Monitor.Reports.Fleet;
using Kvmsys.Monitor.Reports.Html;
using Kvmsys.Monitor.Statistics;
using Kvmsys.Tests.NoDevice.Reports.Fleet;

namespace Kvmsys.Tests.NoDevice.Reports.Html;

/// <summary>The page of many hosts as a text: what is in it, and what is not.</summary>
public sealed partial class FleetPageTests
{
    private const string Hostile = "</script><script>alert(1)</script><!--\"'&\u0000\u001b[31m\u202e\uffff";

    private static readonly string[] Loaders =
        ["http:", "https:", "src=", "href=", "@import", "url(", "<link", "<iframe", "<object", "<embed", "<base", "<image", "<use", "<foreignObject"];

    private static readonly FleetComparison Varied = FleetComparison.Of(MadeUpFleet.Varied());

    [Fact]
    public void The_page_asks_for_nothing_and_nothing_in_it_may_act()
    {
        string page = FleetPage.Render(Varied);
        string policy = WebUtility.HtmlDecode(Between(page, "Content-Security-Policy\" content=\"", "\""));
        string nonce = Between(policy, "style-src 'nonce-", "'");
        Assert.Equal($"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'", policy);
        Assert.Equal(1, Regex.Count(page, "<script"));
        Assert.Contains("<script type=\"application/json\" id=\"fleet\">", page, StringComparison.Ordinal);
        Assert.DoesNotMatch("<[^>]* (style|on[a-z]+)=", page);
        Assert.All(Loaders, loader => Assert.DoesNotContain(loader, page, StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(nonce, FleetPage.Render(Varied), StringComparison.Ordinal);
    }

    [Fact]
    public void The_pages_tables_are_the_terminals()
    {
        string page = FleetPage.Render(Varied);
        string[][] rows = [.. Row().Matches(page).Select(row => (string[])[WebUtility.HtmlDecode(row.Groups[1].Value), .. Field().Matches(row.Value).Select(cell => WebUtility.HtmlDecode(cell.Groups[1].Value))])];
        Assert.Equal(Varied.Mechanisms.SelectMany(mechanism => mechanism.Rows).Select(row => (string[])[row.Name, .. FleetColumns.Of(row)]), rows);
    }

    [Fact]
    public void Each_mechanism_has_a_ridge_for_each_CPU_that_has_a_figure()
    {
        XElement[] charts = [.. ChartsOf(FleetPage.Render(Varied))];
        Assert.Equal(["int80 on bare", "sysenter on bare", "syscall on bare"], charts.Select(chart => chart.Element("title")!.Value));
        Assert.Equal([3, 2, 1], charts.Select(chart => chart.Elements("path").Count(path => (string?)path.Attribute("class") == "ridge")));
        Assert.Contains("emulated: no cost is shown", charts[0].Elements("text").Select(text => text.Value));
        Assert.All(charts, chart => Assert.Equal("img", (string?)chart.Attribute("role")));
        Assert.All(charts, chart => Assert.Equal((string?)chart.Element("desc")!.Attribute("id"), (string?)chart.Attribute("aria-describedby")));
        Assert.Contains("Intel Xeon Platinum 8375C, hardware-nested: 310.00 core cycles, half of all pairs from 309.98 to 310.02.", charts[0].Element("desc")!.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_an_emulator_there_is_no_cost_unless_it_is_asked_for_and_then_each_is_marked()
    {
        string hidden = FleetPage.Render(Varied);
        Assert.DoesNotMatch(@"\b(9,?000|8999\.9\d*|2,?250|6,?750)\b", hidden);
        string shown = FleetPage.Render(FleetComparison.Of(MadeUpFleet.Varied(), showEmulated: true));
        string[] cells = [.. Row().Matches(shown).Where(row => row.Groups[1].Value.Contains("QEMU", StringComparison.Ordinal)).SelectMany(row => Field().Matches(row.Value).Skip(2)).Select(cell => cell.Groups[1].Value).Where(cell => cell.Length > 0)];
        Assert.Equal(8, cells.Length);
        Assert.All(cells, cell => Assert.Contains("emulated", cell, StringComparison.Ordinal));
        Assert.Equal(2, ChartsOf(shown).Sum(chart => chart.Elements("path").Count(path => (string?)path.Attribute("class") == "ridge hollow")));
    }

    [Fact]
    public void No_text_of_a_host_gets_out_of_its_place()
    {
        FleetComparison comparison = FleetComparison.Of(
            [(Hostile, MadeUpFleet.Bench(Hostile).With(microcode: Hostile, kernel: Hostile, meltdown: Hostile)), ("b", MadeUpFleet.Bench(Hostile, int80: 700).With(microcode: "0x1"))]);
        string page = FleetPage.Render(comparison);
        Assert.Equal((1, 1), (Regex.Count(page, "<script"), Regex.Count(page, "</script")));
        Assert.DoesNotContain("<!--", page, StringComparison.Ordinal);
        Assert.DoesNotContain(page, c => char.IsControl(c) && c != '\n');
        Assert.Equal(2, ChartsOf(page).Count());
    }

    [Fact]
    public void A_ridge_is_where_its_percentiles_are_and_holds_all_of_its_values()
    {
        Distribution all = Distribution.Of([.. Enumerable.Range(0, 1001).Select(index => 100 + (index / 10.0))]);
        RidgeShape even = new([all], value => value);
        double[] heights = [.. Enumerable.Range(0, 3000).Select(index => even.At(index / 10.0))];
        Assert.Equal(1, heights.Sum() / 10, 1e-3);
        Assert.Equal(0.01, even.At(150), 1e-9);
        Assert.Equal((0, 0), (even.At(60), even.At(240)));

        // Two of them, each of a single value: two peaks of the same height, and half of all is on either side.
        RidgeShape two = new([Distribution.Of([50.0]), Distribution.Of([70.0])], value => value);
        Assert.Equal(two.At(50), two.At(70), 1e-12);
        Assert.Equal(0, two.At(60));
        Assert.Equal(0.5, Enumerable.Range(0, 600).Sum(index => two.At(index / 10.0)) / 10, 1e-2);
    }

    [Theory]
    [InlineData(new double[] { 600, 640 }, false)]
    [InlineData(new double[] { 70, 9000 }, true)]
    [InlineData(new double[] { 90, 90 }, false)]
    [InlineData(new double[] { 0, 0 }, false)]
    [InlineData(new double[] { -3, 500 }, false)]
    [InlineData(new double[] { 1e-9, 1e15 }, true)]
    public void An_axis_has_room_for_all_ridges_and_some_round_numbers(double[] costs, bool logarithmic)
    {
        RidgeAxis axis = new([.. costs.Select(cost => new Ridge("", "", [Distribution.Of([cost])], new(cost, cost, cost, 1), "", false))]);
        Assert.Equal(logarithmic, axis.IsLogarithmic);
        Assert.All(costs, cost => Assert.InRange(axis.PlaceOf(cost), 0.02, 0.98));
        Assert.InRange(axis.Ticks.Count, 2, 30);
        Assert.All(axis.Ticks, tick => Assert.InRange(axis.PlaceOf(tick), -1e-9, 1 + 1e-9));
        Assert.All(axis.Ticks.Zip(axis.Ticks.Skip(1)), pair => Assert.True(pair.First < pair.Second));
    }

    [Fact]
    public void A_chart_without_a_figure_has_an_axis_all_the_same() =>
        Assert.NotEmpty(new RidgeChart { Id = "x", Title = "x", Subtitle = "", Description = "", Unit = "", Ridges = [new("a", "", [], null, "unknown", false)] }.ToPart().ToString());

    private static IEnumerable<XElement> ChartsOf(string page) => Svg().Matches(page).Select(chart => XElement.Parse(chart.Value));

    private static string Between(string text, string start, string end)
    {
        int from = text.IndexOf(start, StringComparison.Ordinal) + start.Length;
        Assert.True(from >= start.Length, start);
        return text[from..text.IndexOf(end, from, StringComparison.Ordinal)];
    }

    [GeneratedRegex("<tr><th scope=\"row\">(.*?)</th>.*?</tr>", RegexOptions.Singleline)]
    private static partial Regex Row();

    [GeneratedRegex("<td[^>]*>(.*?)</td>")]
    private static partial Regex Field();

    [GeneratedRegex("<svg .*?</svg>", RegexOptions.Singleline)]
    private static partial Regex Svg();
}
