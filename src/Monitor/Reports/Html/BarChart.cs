// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Reports.Html;

/// <summary>Horizontal bars with their intervals, as SVG without a script.</summary>
internal sealed record BarChart
{
    private const int Width = 960;
    private const int Margin = 24;
    private const int RowHeight = 24;
    private const int GroupHeight = 34;
    private const int HeadHeight = 78;
    private const int FootHeight = 66;
    private const int TextWidth = 180;
    private const int LabelIndent = 12;
    private const double BarHeight = 12;
    private const double CapHeight = 9;

    // Of the fixed-pitch face that labels and values are in.
    private const double CharacterWidth = 7.6;

    /// <summary>Its name in a page, which has no other of that name.</summary>
    public required string Id { get; init; }

    /// <summary>What it shows.</summary>
    public required string Title { get; init; }

    /// <summary>Where that is from.</summary>
    public required string Subtitle { get; init; }

    /// <summary>What its axis counts.</summary>
    public required string Unit { get; init; }

    /// <summary>Its bars.</summary>
    public required IReadOnlyList<Bar> Bars { get; init; }

    /// <summary>The chart as a file of its own, which follows the reader's light or dark scheme.</summary>
    public string ToFile() => Draw(
        Fragment.Of($"""<svg xmlns="http://www.w3.org/2000/svg" """),
        Fragment.Of($"<style>{Fragment.Verbatim(EmbeddedFile.Read("chart.css"))}</style>")).ToString();

    /// <summary>The chart as a part of a page that has chart.css.</summary>
    public Fragment ToPart() => Draw(Fragment.Of($"<svg "), default);

    private Fragment Draw(Fragment start, Fragment style)
    {
        IGrouping<string, Bar>[] groups = [.. Bars.GroupBy(bar => bar.Group)];
        BarAxis axis = new([.. Bars.Select(bar => bar.Estimate).OfType<Statistics.Estimate>().SelectMany(estimate => new[] { estimate.Value, estimate.High })]);
        double left = Margin + LabelIndent + (CharacterWidth * Bars.Max(bar => bar.Label.Length)) + 16;
        double width = Width - Margin - TextWidth - left;
        double bottom = HeadHeight + (groups.Length * GroupHeight) + (Bars.Count * RowHeight) + 6;
        double height = bottom + FootHeight;
        List<Fragment> rows = [];
        double top = HeadHeight;
        foreach (IGrouping<string, Bar> group in groups)
        {
            rows.Add(Fragment.Of($"""<text class="group" x="{Margin}" y="{top + 23}">{group.Key}</text>"""));
            top += GroupHeight;
            foreach (Bar bar in group)
            {
                rows.Add(Row(bar, top + (RowHeight / 2.0)));
                top += RowHeight;
            }
        }

        return Fragment.Of(
            $"""
            {start}class="chart" viewBox="0 0 {Width} {height}" width="{Width}" height="{height}" role="img" aria-labelledby="{Id}-chart">
            <title id="{Id}-chart">{Title}: {Subtitle}</title>
            {style}
            <rect class="back" width="{Width}" height="{height}"/>
            <text class="title" x="{Margin}" y="36">{Title}</text>
            <text class="note" x="{Margin}" y="58">{Subtitle}</text>
            {axis.Ticks.Select(Tick)}
            {rows}
            <line class="axis" x1="{left}" x2="{left}" y1="{HeadHeight + 8}" y2="{bottom}"/>
            <text class="note" x="{left}" y="{bottom + 44}">{Unit}{(axis.IsLogarithmic ? ", logarithmic" : "")}</text>
            </svg>

            """);

        double X(double value) => left + (width * axis.PlaceOf(value));

        Fragment Tick(double tick) => Fragment.Of(
            $"""
            <line class="grid" x1="{X(tick)}" x2="{X(tick)}" y1="{HeadHeight + 8}" y2="{bottom}"/><text class="tick" x="{X(tick)}" y="{bottom + 18}">{BarAxis.Format(tick)}</text>
            """);

        Fragment Row(Bar bar, double middle)
        {
            Fragment label = Fragment.Of($"""<text class="label" x="{Margin + LabelIndent}" y="{middle + 4}">{bar.Label}</text>""");
            if (bar.Estimate is not Statistics.Estimate estimate)
            {
                return Fragment.Of($"""{label}<text class="value none" x="{left + 10}" y="{middle + 4}">{bar.Text}</text>""");
            }

            double end = Math.Max(X(estimate.Value), X(estimate.High));
            return Fragment.Of(
                $"""
                {label}<rect class="bar{(bar.IsHollow ? " hollow" : "")}" x="{Math.Min(X(bar.Start), X(estimate.Value))}" y="{middle - (BarHeight / 2)}" width="{Math.Max(Math.Abs(X(estimate.Value) - X(bar.Start)), 1)}" height="{BarHeight}"/>{Whisker(estimate, middle)}<text class="value" x="{end + 10}" y="{middle + 4}">{bar.Text}</text>
                """);
        }

        // A single value has an interval that says nothing.
        Fragment Whisker(Statistics.Estimate estimate, double middle) => estimate.Coverage == 0 ? default : Fragment.Of(
            $"""<path class="whisker" d="M{X(estimate.Low)} {middle}H{X(estimate.High)}M{X(estimate.Low)} {middle - CapHeight}v{2 * CapHeight}M{X(estimate.High)} {middle - CapHeight}v{2 * CapHeight}"/>""");
    }
}
