// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Controller;

/// <summary>That a mechanism costs more, or less, on hosts that had the same change, in JSON.</summary>
internal sealed record FarmFindingDocument
{
    /// <summary>The mechanism.</summary>
    public required string Mechanism { get; init; }

    /// <summary>The kernel's profile.</summary>
    public required string Profile { get; init; }

    /// <summary>Where it was found, in the order of the hosts' names; of each host the latest.</summary>
    public required IReadOnlyList<HostFindingDocument> Hosts { get; init; }

    /// <summary>How many hosts had the same change and were measured enough to tell of this mechanism, those where it was found among them; null where no change is known.</summary>
    public int? Of { get; init; }

    /// <summary>How many times as much it costs, over these hosts; null where it cost nothing on one of them.</summary>
    public HostRangeDocument? Ratio { get; init; }

    /// <summary>How many core cycles more it costs, over these hosts.</summary>
    public required HostRangeDocument Shift { get; init; }
}
