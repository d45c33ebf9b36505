// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>By what a farm's server shows who it is: paths of PEM files.</summary>
internal sealed record BrokerTls
{
    /// <summary>The name or address that clients are told first, and that the certificate is for; null where the farm's owner has made it elsewhere.</summary>
    public string? Name { get; init; }

    /// <summary>The certificate, and those that lead to its issuer.</summary>
    public required string Certificate { get; init; }

    /// <summary>Its private key.</summary>
    public required string Key { get; init; }

    /// <summary>The issuer's certificate, by which clients know the server; null where they know its issuer already.</summary>
    public string? Issuer { get; init; }
}
