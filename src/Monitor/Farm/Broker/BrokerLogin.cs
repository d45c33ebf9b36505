// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>Where the farm's NATS server is, and as whom to come to it.</summary>
/// <param name="Url">nats:// or tls:// with a host and a port; several of a cluster, with commas between.</param>
/// <param name="Name">The client's name: a host's, or the controller's. Its inboxes begin with it.</param>
/// <param name="Key">Its nkey; null where the server wants none.</param>
/// <param name="CaFile">Path of the certificate that the server's is to lead to, PEM; null for those that this host trusts.</param>
internal sealed record BrokerLogin(string Url, string Name, FarmKey? Key = null, string? CaFile = null)
{
    /// <summary>The login of a member whose key is in a file.</summary>
    /// <param name="url">Where the server is.</param>
    /// <param name="name">The member's name.</param>
    /// <param name="keyFile">Path of the file; null where the server wants no key.</param>
    /// <param name="caFile">Path of the certificate that the server's is to lead to.</param>
    /// <exception cref="BrokerException">Its key cannot be used.</exception>
    public static BrokerLogin Of(string url, string name, string? keyFile, string? caFile) => new(url, name, keyFile is null ? null : FarmKey.Read(keyFile), caFile);
}
