// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;

namespace Kvmsys.Monitor.Reports;

/// <summary>An element of the benchmarks in Google Benchmark's JSON: a repetition, or what they come to. The names are the format's.</summary>
public sealed record GoogleBenchmarkRun
{
    /// <summary>The benchmark's name; an aggregate's ends with its own.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>The benchmark's name, the same in all of its elements.</summary>
    [JsonPropertyName("run_name")]
    public required string RunName { get; init; }

    /// <summary>"iteration" for a repetition, or "aggregate".</summary>
    [JsonPropertyName("run_type")]
    public required string RunType { get; init; }

    /// <summary>Repetitions of this benchmark: sessions.</summary>
    [JsonPropertyName("repetitions")]
    public required int Repetitions { get; init; }

    /// <summary>Which of them this is, from 0; an aggregate has none.</summary>
    [JsonPropertyName("repetition_index")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? RepetitionIndex { get; init; }

    /// <summary>Threads: a guest has one CPU.</summary>
    [JsonPropertyName("threads")]
    public int Threads { get; init; } = 1;

    /// <summary>Calls of a repetition; of an aggregate its repetitions.</summary>
    [JsonPropertyName("iterations")]
    public required ulong Iterations { get; init; }

    /// <summary>A call's time in <see cref="TimeUnit"/>.</summary>
    [JsonPropertyName("real_time")]
    public required double RealTime { get; init; }

    /// <summary>The same: a run in which the thread did not have the CPU all the time is not counted.</summary>
    [JsonPropertyName("cpu_time")]
    public double CpuTime => RealTime;

    /// <summary>The times' unit.</summary>
    [JsonPropertyName("time_unit")]
    public string TimeUnit { get; init; } = "ns";

    /// <summary>A call's cost in core cycles: a counter of ours, as the format has them.</summary>
    [JsonPropertyName("core_cycles")]
    public required double CoreCycles { get; init; }

    /// <summary>What an aggregate is: "median".</summary>
    [JsonPropertyName("aggregate_name")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? AggregateName { get; init; }

    /// <summary>What kind of value an aggregate's is: "time".</summary>
    [JsonPropertyName("aggregate_unit")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? AggregateUnit { get; init; }

    /// <summary>"emulated" for figures that are no CPU's.</summary>
    [JsonPropertyName("label")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Label { get; init; }
}
