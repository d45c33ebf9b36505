// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Commands;

/// <summary>How a bench is written.</summary>
internal enum BenchFormat
{
    /// <summary>A table for people.</summary>
    Table,

    /// <summary>JSON with everything.</summary>
    Json,

    /// <summary>Comma-separated values.</summary>
    Csv,

    /// <summary>A table in Markdown.</summary>
    Markdown,

    /// <summary>The JSON of Google Benchmark.</summary>
    GoogleBenchmark,

    /// <summary>The text of Go's benchmarks.</summary>
    GoBenchmark,
}
