// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>How a farm's folder is to be made.</summary>
internal sealed record FarmSetup
{
    /// <summary>Where the server is to listen.</summary>
    public required BrokerAddress Listen { get; init; }

    /// <summary>The folder of its streams; null for one in the farm's folder.</summary>
    public string? Store { get; init; }

    /// <summary>Hosts that may be let in without a new start of the server.</summary>
    public int Hosts { get; init; } = FarmDocument.UsualHosts;

    /// <summary>Which nats-server it is; null when that is not known.</summary>
    public BrokerVersion? ServerVersion { get; init; }

    /// <summary>The names and addresses by which clients reach it, for which a certificate is made; null when none is.</summary>
    public IReadOnlyList<string>? TlsNames { get; init; }

    /// <summary>Certificate and key that there are already; null when there are none.</summary>
    public BrokerTls? OwnTls { get; init; }
}
