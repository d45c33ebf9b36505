// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Protocol;

/// <summary>What a host is to do, in the bucket <see cref="FarmSubjects.Desired"/>: all of it, so that who was away misses nothing.</summary>
internal sealed record HostOrders
{
    /// <summary>What the controller speaks.</summary>
    public required int Protocol { get; init; }

    /// <summary>The oldest that it understands.</summary>
    public required int OldestProtocol { get; init; }

    /// <summary>Whether to begin no further job.</summary>
    public bool Cordoned { get; init; }

    /// <summary>Why to begin none although it is not cordoned, in words; null for no reason.</summary>
    public string? Refusal { get; init; }

    /// <summary>The ledger that <see cref="Cancelled"/> is of.</summary>
    public string? Farm { get; init; }

    /// <summary>Jobs that nobody wants any more, and that the host may be doing.</summary>
    public IReadOnlyList<long> Cancelled
    {
        get => field ?? [];
        init;
    }
}
