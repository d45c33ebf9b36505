// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.Json.Serialization;
using Kvmsys.Monitor.Measurement;

namespace Kvmsys.Monitor.Reports;

/// <summary>Single calls' times in JSON. Those that are no CPU's are null unless they were asked for.</summary>
public sealed record CallTimesDocument
{
    /// <summary>Mechanism.</summary>
    public required string Mechanism { get; init; }

    /// <summary>The kernel's profile.</summary>
    public required string Profile { get; init; }

    /// <summary>Verdict.</summary>
    public required string Verdict { get; init; }

    /// <summary>What the verdict rests on.</summary>
    public required IReadOnlyList<Evidence> Evidence { get; init; }

    /// <summary>Calls.</summary>
    public required long Calls { get; init; }

    /// <summary>Runs.</summary>
    public required int Runs { get; init; }

    /// <summary>True for times that are no CPU's; not there otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Emulated { get; init; }

    /// <summary>Rate of the TSC; null when it is not known.</summary>
    public int? TscKhz { get; init; }

    /// <summary>TSC ticks of a core cycle.</summary>
    public double? TscTicksPerCoreCycle { get; init; }

    /// <summary>Step of the TSC in ticks; 1 when these times show none.</summary>
    public double? TscStepTicks { get; init; }

    /// <summary>TSC ticks by percentile, the timer's own included.</summary>
    public IReadOnlyDictionary<string, long>? TscTicksByPercentile { get; init; }

    /// <summary>Calls by TSC ticks: upper ends of the histogram's buckets, which have three digits, and the calls in each.</summary>
    public IReadOnlyDictionary<string, long>? CallsByTscTicks { get; init; }

    /// <summary>The calls that took much longer.</summary>
    public LatencyTail? Tail { get; init; }

    /// <summary>The document of a result.</summary>
    public static CallTimesDocument Of(LatencyReport report, LatencyResult result)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(result);
        CallTimesDocument document = new()
        {
            Mechanism = Spelling.Of(result.Path.Mechanism),
            Profile = Spelling.Of(result.Path.Profile),
            Verdict = Spelling.Of(result.Proof.Verdict),
            Evidence = result.Proof.Evidence,
            Calls = result.Ticks.TotalCount,
            Runs = result.Runs,
        };
        return !report.ShowsFigures ? document : document with
        {
            Emulated = result.Proof.Verdict == Measurement.Verdict.Emulated ? true : null,
            TscKhz = result.TscKhz,
            TscTicksPerCoreCycle = result.TicksPerCycle,
            TscStepTicks = result.TscStepTicks,
            TscTicksByPercentile = new double[] { 0 }.Concat(LatencyReport.Percentiles).Append(100)
                .ToDictionary(Text, percentile => LatencyReport.TicksAt(result, percentile)),
            CallsByTscTicks = result.Ticks.RecordedValues().ToDictionary(value => Text(value.ValueIteratedTo), value => value.CountAtValueIteratedTo),
            Tail = result.Tail,
        };
    }

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
