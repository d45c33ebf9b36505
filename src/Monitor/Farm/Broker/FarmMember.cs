// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>Somebody whom a farm's server lets in: a public key, and what its holder is.</summary>
internal sealed record FarmMember
{
    /// <summary>What it is called.</summary>
    public required string Name { get; init; }

    /// <summary>What it is.</summary>
    public required FarmRole Role { get; init; }

    /// <summary>Its public nkey: U and 55 characters more.</summary>
    public required string PublicKey { get; init; }

    /// <summary>A host's CPU model and KVM back end; null of the controller.</summary>
    public string? CpuKey { get; init; }

    /// <summary>The number of a host's account in the server's configuration, from 1 on; 0 of the controller.</summary>
    public int Account { get; init; }

    /// <summary>When it was let in.</summary>
    public required DateTimeOffset AddedAt { get; init; }
}
