// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>farm.json: all that a server's configuration is made of.</summary>
internal sealed record FarmDocument
{
    /// <summary>What the controller is called, whose inbox is named so: no host may be.</summary>
    public const string ControllerName = "controller";

    /// <summary>Hosts that a farm has accounts for when nobody says how many.</summary>
    public const int UsualHosts = 256;

    /// <summary>Hosts that a farm may have accounts for.</summary>
    public const int MostHosts = 100_000;

    /// <summary>Where the server listens: ADDRESS:PORT.</summary>
    public required string Listen { get; init; }

    /// <summary>The folder of its streams.</summary>
    public required string Store { get; init; }

    /// <summary>Which nats-server reads the configuration, MAJOR.MINOR; null when that is not known.</summary>
    public string? ServerVersion { get; init; }

    /// <summary>By what it shows who it is; null without TLS.</summary>
    public BrokerTls? Tls { get; init; }

    /// <summary>
    /// Hosts that there are accounts for, whether there are so many or not. nats-server starts the service imports of an account that it has at its start, and not of one that a
    /// reload brings (server.go, configureAccounts): a host in such a one could ask nothing.
    /// </summary>
    public int Hosts
    {
        get => field > 0 ? field : UsualHosts;
        init;
    }

    /// <summary>Whom it lets in.</summary>
    public required IReadOnlyList<FarmMember> Members { get; init; }
}
