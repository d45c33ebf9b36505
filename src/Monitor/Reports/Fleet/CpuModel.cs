// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Reports.Fleet;

/// <summary>A CPU model of a comparison.</summary>
public sealed record CpuModel
{
    /// <summary>What its benches have in common.</summary>
    public required CpuIdentity Identity { get; init; }

    /// <summary>Its brand, without what every CPU has in it.</summary>
    public required string Brand { get; init; }

    /// <summary>What tells it from the models that have the same brand, for example "microcode 0xa0011d5"; empty where none has.</summary>
    public required string Difference { get; init; }

    /// <summary>The host of its first bench.</summary>
    public required HostDocument Host { get; init; }

    /// <summary>Names of its hosts, in the order in which they came.</summary>
    public required IReadOnlyList<string> HostNames { get; init; }

    /// <summary>What it is called: no other model of the comparison is called so.</summary>
    public string Name => Difference.Length == 0 ? Brand : $"{Brand}, {Difference}";
}
