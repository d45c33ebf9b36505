// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;
using Kvmsys.Monitor.Measurement;

namespace Kvmsys.Monitor.Reports;

/// <summary>A bench in the JSON of Google Benchmark, which its tools/compare.py compares.</summary>
/// <param name="Context">Where it is from.</param>
/// <param name="Benchmarks">For each mechanism a repetition for each session, and their median. What has no time to be shown is not in
/// it.</param>
public sealed record GoogleBenchmarkDocument(
    [property: JsonPropertyName("context")] IReadOnlyDictionary<string, string> Context,
    [property: JsonPropertyName("benchmarks")] IReadOnlyList<GoogleBenchmarkRun> Benchmarks)
{
    /// <summary>The document of a report.</summary>
    public static GoogleBenchmarkDocument Of(BenchReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return new(
            BenchContext.Of(report).Prepend(new("executable", "kvmsys")).ToDictionary(),
            [.. report.Timed.SelectMany(result => RunsOf(report, result))]);
    }

    private static IEnumerable<GoogleBenchmarkRun> RunsOf(BenchReport report, MechanismResult result)
    {
        CallCost nanoseconds = result.Nanoseconds!;
        CallCost cycles = result.Cycles!;
        bool isEmulated = result.Proof.Verdict == Verdict.Emulated;
        string name = $"enter/profile:{Spelling.Of(result.Profile)}/mechanism:{Spelling.Of(result.Mechanism, result.Mitigation)}{(isEmulated ? "/emulated" : "")}";
        int repetitions = nanoseconds.Sessions.Count;
        GoogleBenchmarkRun run = new()
        {
            Name = name,
            RunName = name,
            RunType = "iteration",
            Repetitions = repetitions,
            Iterations = report.CallsPerSession(result),
            RealTime = nanoseconds.Estimate.Value,
            CoreCycles = cycles.Estimate.Value,
            Label = isEmulated ? Spelling.Of(Verdict.Emulated) : null,
        };
        for (int session = 0; session < repetitions; session++)
        {
            yield return run with
            {
                RepetitionIndex = session,
                RealTime = nanoseconds.Sessions[session],
                CoreCycles = cycles.Sessions[session],
            };
        }

        yield return run with
        {
            Name = $"{name}_median",
            RunType = "aggregate",
            AggregateName = "median",
            AggregateUnit = "time",
            Iterations = (ulong)repetitions,
        };
    }
}
