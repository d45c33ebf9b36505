// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Tracing;

/// <summary>What a trace shows.</summary>
internal sealed record TraceOptions
{
    /// <summary>Instructions after which it ends; null for the program's own end.</summary>
    public long? Limit { get; init; }

    /// <summary>Whether it shows the program's instructions alone.</summary>
    public bool UserOnly { get; init; }
}
