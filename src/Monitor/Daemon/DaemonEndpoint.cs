// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;

namespace Kvmsys.Monitor.Daemon;

/// <summary>Somewhere a daemon listens: a Unix socket, or a port of an address; to a client, of a host with a name too.</summary>
internal sealed record DaemonEndpoint
{
    /// <summary>The port of a daemon that somebody did not give another.</summary>
    public const int DefaultPort = 8586;

    /// <summary>The port of a controller that was told none.</summary>
    public const int DefaultControllerPort = 8587;

    private const string UnixScheme = "unix:";
    private const string HttpScheme = "http://";
    private const string HttpsScheme = "https://";

    /// <summary>Path of the socket; null for a port.</summary>
    public string? Socket { get; private init; }

    /// <summary>Address and port; null for a socket, and where only a name is known.</summary>
    public IPEndPoint? Address { get; private init; }

    /// <summary>Name and port of a host, as a client is told it; null elsewhere.</summary>
    public string? Named { get; private init; }

    /// <summary>Whether what goes over it is encrypted.</summary>
    public bool IsEncrypted { get; private init; }

    /// <summary>Whether only processes of this host reach it.</summary>
    public bool IsLocal => Socket is not null || (Address is not null && IPAddress.IsLoopback(Address.Address));

    /// <summary>A Unix socket.</summary>
    public static DaemonEndpoint OfSocket(string path) => new() { Socket = path };

    /// <summary>Reads where a client finds a daemon: what <see cref="Parse"/> reads, and https://NAME:PORT.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The endpoint; null when it is none, or one where others could read a token on its way.</returns>
    public static DaemonEndpoint? ParseForClient(string text)
    {
        DaemonEndpoint? endpoint = Parse(text);
        if (endpoint is null && text.StartsWith(HttpsScheme, StringComparison.Ordinal) && Uri.TryCreate(text, UriKind.Absolute, out Uri? uri)
            && uri is { HostNameType: UriHostNameType.Dns, PathAndQuery: "/", UserInfo: "", Fragment: "" })
        {
            return new() { Named = $"{uri.IdnHost}:{uri.Port.ToString(System.Globalization.CultureInfo.InvariantCulture)}", IsEncrypted = true };
        }

        return endpoint is { IsLocal: false, IsEncrypted: false } ? null : endpoint;
    }

    /// <summary>Reads an endpoint: unix:PATH, http://ADDRESS:PORT or https://ADDRESS:PORT.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The endpoint; null when it is none.</returns>
    public static DaemonEndpoint? Parse(string text)
    {
        if (text.StartsWith(UnixScheme, StringComparison.Ordinal))
        {
            string path = text[UnixScheme.Length..];
            return Path.IsPathRooted(path) && !path.Contains('\0', StringComparison.Ordinal) ? OfSocket(path) : null;
        }

        bool isEncrypted = text.StartsWith(HttpsScheme, StringComparison.Ordinal);
        string? address = isEncrypted ? text[HttpsScheme.Length..] : text.StartsWith(HttpScheme, StringComparison.Ordinal) ? text[HttpScheme.Length..] : null;
        if (address is null)
        {
            return null;
        }

        address = address.TrimEnd('/').Replace("localhost", "127.0.0.1", StringComparison.Ordinal);

        // Without brackets, what is behind an IPv6 address's last colon is no port.
        return IPEndPoint.TryParse(address, out IPEndPoint? endpoint) && address.EndsWith($":{endpoint.Port}", StringComparison.Ordinal)
            && (address.StartsWith('[') || endpoint.AddressFamily == AddressFamily.InterNetwork)
            ? new() { Address = endpoint, IsEncrypted = isEncrypted }
            : null;
    }

    /// <inheritdoc/>
    public override string ToString() => Socket is not null ? UnixScheme + Socket : $"{(IsEncrypted ? HttpsScheme : HttpScheme)}{Named ?? $"{Address}"}";
}
