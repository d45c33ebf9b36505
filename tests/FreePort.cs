// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;

namespace Kvmsys.Tests;

/// <summary>Ports of 127.0.0.1 at which nobody listens.</summary>
internal static class FreePort
{
    // Below those that Linux gives to whoever connects (net.ipv4.ip_local_port_range): none is taken between the asking and the listening.
    private const int First = 12000;
    private const int Count = 20000;

    private static int _given = Random.Shared.Next(Count);

    /// <summary>A port that this process has not been given before.</summary>
    public static int Next()
    {
        while (true)
        {
            int port = First + (int)((uint)Interlocked.Increment(ref _given) % Count);
            try
            {
                using TcpListener listener = new(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // The next one.
            }
        }
    }
}
