// SPDX-License-Identifier: MIT

using System.Text;
using System.Text.Unicode;

namespace Kvmsys.Monitor.Daemon;

/// <summary>What a program did that a job has run, in JSON.</summary>
internal sealed record RunDocument
{
    /// <summary>Name and version of this schema.</summary>
    public string Schema { get; init; } = "kvmsys.run/1";

    /// <summary>Its exit status; 128 and the signal's number where one ended it.</summary>
    public required int ExitStatus { get; init; }

    /// <summary>Seconds that it took, the guest's making included.</summary>
    public required double Seconds { get; init; }

    /// <summary>What it wrote to standard output, where that is UTF-8.</summary>
    public string? Output { get; init; }

    /// <summary>What it wrote to standard output, where that is no UTF-8.</summary>
    public byte[]? OutputBytes { get; init; }

    /// <summary>The end of what it wrote to standard error.</summary>
    public required string ErrorOutput { get; init; }

    /// <summary>The document of a run.</summary>
    public static RunDocument Of(JobProcessEnd end, int status) => new()
    {
        ExitStatus = status,
        Seconds = end.Elapsed.TotalSeconds,
        Output = Utf8.IsValid(end.Output) ? Encoding.UTF8.GetString(end.Output) : null,
        OutputBytes = Utf8.IsValid(end.Output) ? null : end.Output,
        ErrorOutput = end.Log,
    };
}
