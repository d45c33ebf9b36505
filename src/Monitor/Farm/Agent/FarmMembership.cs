// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Farm.Agent;

/// <summary>The farm that a host belongs to, or that a controller keeps.</summary>
/// <param name="Broker">Its NATS server: nats:// or tls://, a host and a port; several of a cluster, with commas between.</param>
/// <param name="Name">What the host is called in it.</param>
/// <param name="KeyFile">Path of the file with the nkey's secret; null where the server wants none.</param>
/// <param name="CaFile">Path of the certificate that the server's is to lead to, PEM; null for those that this host trusts.</param>
internal sealed record FarmMembership(string Broker, string Name, string? KeyFile, string? CaFile);
