// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports.Html;

/// <summary>Distributions one below the other on one axis, as SVG without a script.</summary>
internal sealed record RidgeChart
{
    private const int Width = 960;
    private const int Margin = 24;
    private const int HeadHeight = 70;
    private const int RowHeight = 46;
    private const int FootHeight = 62;
    private const int LabelWidth = 250;
    private const int TextWidth = 170;
    private const double RidgeHeight = 40;
    private const double CapHeight = 4;
    private const double Step = 1.5;
    private const int LongestLabel = 30;
    private const int LongestSublabel = 40;

    // Less than this part of a ridge's height is not seen.
    private const double LeastHeight = 0.004;

    /// <summary>Its name in a page, which has no other of that name.</summary>
    public required string Id { get; init; }

    /// <summary>What it shows: as the page has it beside the chart.</summary>
    public required string Title { get; init; }

    /// <summary>What a ridge is.</summary>
    public required string Subtitle { get; init; }

    /// <summary>What it shows in words, for who does not see it.</summary>
    public required string Description { get; init; }

    /// <summary>What its axis counts.</summary>
    public required string Unit { get; init; }

    /// <summary>Its ridges.</summary>
    public required IReadOnlyList<Ridge> Ridges { get; init; }

    /// <summary>The chart as a part of a page that has chart.css and fleet.css.</summary>
    public Fragment ToPart()
    {
        RidgeAxis axis = new(Ridges);
        const double left = Margin + LabelWidth;
        const double width = Width - Margin - TextWidth - left;
        double bottom = HeadHeight + (Ridges.Count * RowHeight) + 4;
        double height = bottom + FootHeight;
        return Fragment.Of(
            $"""
            <svg class="chart" viewBox="0 0 {Width} {height}" width="{Width}" height="{height}" role="img" aria-labelledby="{Id}-chart" aria-describedby="{Id}-words">
            <title id="{Id}-chart">{Title}</title>
            <desc id="{Id}-words">{Description}</desc>
            <rect class="back" width="{Width}" height="{height}"/>
            <text class="note" x="{Margin}" y="32">{Subtitle}</text>
            {axis.Ticks.Select(Tick)}
            {Ridges.Select((ridge, index) => Row(ridge, HeadHeight + ((index + 1) * RowHeight)))}
            <text class="note" x="{left}" y="{bottom + 42}">{Unit}{(axis.IsLogarithmic ? ", logarithmic" : "")}</text>
            </svg>

            """);

        double X(double value) => left + (width * axis.PlaceOf(value));

        Fragment Tick(double tick) => Fragment.Of(
            $"""
            <line class="grid" x1="{X(tick)}" x2="{X(tick)}" y1="{HeadHeight - 20}" y2="{bottom}"/><text class="tick" x="{X(tick)}" y="{bottom + 18}">{BarAxis.Format(tick)}</text>
            """);

        Fragment Row(Ridge ridge, double ground)
        {
            Fragment labels = Fragment.Of(
                $"""
                <g><title>{ridge.Label}{(ridge.Sublabel.Length > 0 ? $", {ridge.Sublabel}" : "")}</title><text class="label" x="{Margin}" y="{ground - (ridge.Sublabel.Length > 0 ? 14 : 6)}">{Cut(ridge.Label, LongestLabel)}</text><text class="tick below" x="{Margin}" y="{ground}">{Cut(ridge.Sublabel, LongestSublabel)}</text></g>
                """);
            if (ridge.Distributions.Count == 0)
            {
                return Fragment.Of($"""{labels}<line class="axis" x1="{left}" x2="{left + width}" y1="{ground}" y2="{ground}"/><text class="value none" x="{left + 10}" y="{ground - 8}">{ridge.Text}</text>""");
            }

            return Fragment.Of(
                $"""
                {labels}<path class="ridge{(ridge.IsHollow ? " hollow" : "")}" d="{Outline(ridge, ground)}"/><line class="axis" x1="{left}" x2="{left + width}" y1="{ground}" y2="{ground}"/>{Mark(ridge.Estimate, ground)}<text class="value" x="{left + width + 14}" y="{ground - 6}">{ridge.Text}</text>
                """);
        }

        // As high as every other at its highest: how wide it is, is what one ridge tells beside another.
        string Outline(Ridge ridge, double ground)
        {
            RidgeShape shape = new(ridge.Distributions, X);
            double[] heights = [.. Enumerable.Range(0, (int)(width / Step) + 1).Select(index => shape.At(left + (index * Step)))];
            double most = heights.Max();
            StringBuilder path = new();
            bool inside = false;
            for (int index = 0; index < heights.Length && most > 0; index++)
            {
                double part = heights[index] / most;
                bool seen = part > LeastHeight;
                if (seen || inside)
                {
                    string x = Coordinate(left + (index * Step));
                    path.Append(inside ? "L" : $"M{x} {Coordinate(ground)}L").Append(x).Append(' ').Append(Coordinate(ground - (RidgeHeight * (seen ? part : 0))));
                }

                inside = seen;
            }

            return inside ? path.Append(CultureInfo.InvariantCulture, $"V{Coordinate(ground)}").ToString() : path.ToString();
        }

        // A single value has an interval that says nothing.
        Fragment Mark(Estimate? estimate, double ground) => estimate is null ? default : Fragment.Of(
            $"""<path class="estimate" d="M{X(estimate.Value)} {ground}v{-RidgeHeight}{(estimate.Coverage == 0 ? "" : FormattableString.Invariant($"M{X(estimate.Low):0.##} {ground + 5:0.##}H{X(estimate.High):0.##}m0 {-CapHeight}v{2 * CapHeight}M{X(estimate.Low):0.##} {ground + 5 - CapHeight:0.##}v{2 * CapHeight}"))}"/>""");
    }

    private static string Coordinate(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

    private static string Cut(string text, int most) => text.Length <= most ? text : $"{text[..(most - 1)]}\u2026";
}
