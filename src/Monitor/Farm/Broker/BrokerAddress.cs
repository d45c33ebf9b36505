// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;

namespace Kvmsys.Monitor.Farm.Broker;

/// <summary>Where a farm's server listens.</summary>
/// <param name="Place">Address and port.</param>
internal sealed record BrokerAddress(IPEndPoint Place)
{
    /// <summary>NATS' own port.</summary>
    public const int DefaultPort = 4222;

    /// <summary>What it looks like, for people.</summary>
    public const string Expected = "ADDRESS:PORT, for example 127.0.0.1:4222 or [::]:4222";

    /// <summary>Whether only processes of the same host reach it.</summary>
    public bool IsLoopback => IPAddress.IsLoopback(Place.Address);

    /// <summary>Whether it stands for all of the host's addresses.</summary>
    public bool IsEvery => Place.Address.Equals(IPAddress.Any) || Place.Address.Equals(IPAddress.IPv6Any);

    /// <summary>Reads one.</summary>
    /// <param name="text">An address and a port, as a person writes them.</param>
    /// <returns>Where that is; null when it is nowhere.</returns>
    public static BrokerAddress? Parse(string text)
    {
        string address = text.StartsWith("localhost:", StringComparison.Ordinal) ? $"127.0.0.1{text["localhost".Length..]}" : text;

        // 1:4222 is an address too to those who still write them as one number.
        return IPEndPoint.TryParse(address, out IPEndPoint? place) && place.Port != 0 && place.ToString() == address ? new(place) : null;
    }

    /// <summary>As clients are told it.</summary>
    /// <param name="name">What the host is called; null when it has no name.</param>
    /// <param name="tls">Whether the server speaks TLS.</param>
    public string UrlOf(string? name, bool tls)
    {
        string host = name ?? (IsEvery ? "SERVER" : Place.Address.ToString());
        string bracketed = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
        return string.Create(CultureInfo.InvariantCulture, $"{(tls ? "tls" : "nats")}://{bracketed}:{Place.Port}");
    }

    /// <inheritdoc/>
    public override string ToString() => Place.ToString();
}
