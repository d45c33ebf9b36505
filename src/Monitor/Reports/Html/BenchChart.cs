// SPDX-License-Identifier: MIT

using System.Globalization;
using Kvmsys.Monitor.Statistics;

namespace Kvmsys.Monitor.Reports.Html;

/// <summary>A bench as a chart: a bar for each mechanism on each kernel.</summary>
internal static class BenchChart
{
    /// <summary>The chart of a bench.</summary>
    public static BarChart Of(BenchDocument bench) => new()
    {
        Id = "costs",
        Title = "Entering a kernel and coming back",
        Subtitle = string.Create(
            CultureInfo.InvariantCulture,
            $"{bench.Host.CpuBrand} | {bench.Verdict} | {bench.Plan.Sessions} sessions, plan {bench.Plan.Hash}, kvmsys {bench.Version}"),
        Unit = "core cycles for a call",
        Bars = [.. bench.Results.Select(BarOf)],
    };

    /// <summary>What mitigations and the host's Linux add, each where the entry that it adds to ends; null where there is none of that.</summary>
    public static BarChart? OfDifferences(BenchDocument bench)
    {
        Bar[] bars =
        [
            .. from difference in bench.Differences
               group difference by difference.BaseName into added
               let without = bench.Results.FirstOrDefault(result => result.Name == added.Key)?.CoreCycles
               where without is not null
               from bar in added.Select(difference => BarOf(difference, without)).Prepend(BarOf(added.Key, without))
               select bar,
        ];
        return bars.Length == 0 ? null : Of(bench) with { Id = "differences", Title = "What is added", Unit = "core cycles", Bars = bars };
    }

    private static Bar BarOf(string name, CostDocument without)
    {
        bool emulated = without.Emulated == true;
        return new(name, "the entry itself", without.Estimate, Digits.Format(without.Estimate) + (emulated ? " emulated" : ""), emulated);
    }

    private static Bar BarOf(DifferenceDocument difference, CostDocument without)
    {
        Estimate added = difference.Estimate;
        IReadOnlyList<string> cells = BenchColumns.CellsOf(difference);
        return new(
            difference.BaseName,
            difference.What,
            added with { Value = without.Value + added.Value, Low = without.Value + added.Low, High = without.Value + added.High },
            $"{(added.Value < 0 ? "" : "+")}{cells[0]}{(cells[1].Length > 0 ? $" +- {cells[1]}" : "")}",
            difference.Emulated == true,
            without.Value);
    }

    private static Bar BarOf(MechanismDocument result)
    {
        Estimate? estimate = result.CoreCycles?.Estimate;
        bool emulated = result.CoreCycles?.Emulated == true;
        string text = estimate is null ? (result.HasFigures ? "unknown" : "emulated: no cost is shown")
            : estimate.Coverage == 0 ? Digits.Format(estimate)
            : $"{Digits.Format(estimate)} +- {Digits.FormatHalfWidth(estimate)}";
        return new(result.Profile, result.Mechanism, estimate, emulated ? $"{text} {result.Verdict}" : text, emulated);
    }
}
