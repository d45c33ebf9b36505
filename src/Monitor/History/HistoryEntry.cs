// SPDX-License-Identifier: MIT

using System.Text.Json.Serialization;

namespace Kvmsys.Monitor.History;

/// <summary>A bench in the history, without its results.</summary>
public sealed record HistoryEntry
{
    /// <summary>Its number; one that was removed is not given again.</summary>
    public required long Id { get; init; }

    /// <summary>The host of a farm that made it; null where there is only one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Host { get; init; }

    /// <summary>When it was made; of one that was imported, when its file was last written.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Brand string of the host's CPU.</summary>
    public required string CpuBrand { get; init; }

    /// <summary>Vendor, family, model and stepping, for example "AuthenticAMD 25/1/2".</summary>
    public required string CpuSignature { get; init; }

    /// <summary>Microcode revision; null when the kernel does not show it.</summary>
    public string? Microcode { get; init; }

    /// <summary>Kernel release.</summary>
    public required string Kernel { get; init; }

    /// <summary>What the kernel says of each vulnerability, a line "NAME: TEXT" each, in the order of names; null where nobody kept it.</summary>
    [JsonIgnore]
    public string? Mitigations { get; init; }

    /// <summary>Version of kvmsys.</summary>
    public required string Version { get; init; }

    /// <summary>The least of the results' verdicts.</summary>
    public required string Verdict { get; init; }

    /// <summary>The same for every bench that measures the same in the same way.</summary>
    public required string PlanHash { get; init; }

    /// <summary>Results that it has: mechanisms, each on a kernel.</summary>
    public required int Mechanisms { get; init; }

    /// <summary>Whether all that was planned was measured.</summary>
    public required bool Complete { get; init; }

    /// <summary>Whether enough was left of every result to be trusted.</summary>
    public required bool Stable { get; init; }
}
