// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Kvmsys.Monitor.Debugging;

/// <summary>Where a debugger can connect, once: a port of 127.0.0.1, or a socket in the file system that is for its owner alone.</summary>
internal sealed class GdbEndpoint : IDisposable
{
    private readonly Socket _listener;
    private readonly string? _path;

    private GdbEndpoint(Socket listener, string? path, string name)
    {
        _listener = listener;
        _path = path;
        Name = name;
    }

    /// <summary>Its name for GDB's "target remote".</summary>
    public string Name { get; }

    /// <summary>Opens it.</summary>
    /// <param name="where">A number is a port, 0 any that is free; else it is a path where nothing is yet.</param>
    /// <exception cref="ArgumentException">It is neither.</exception>
    /// <exception cref="SocketException">The port is in use, the path exists, or its folder does not.</exception>
    public static GdbEndpoint Open(string where)
    {
        if (where.Length > 0 && where.All(char.IsAsciiDigit))
        {
            return ushort.TryParse(where, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
                ? OpenPort(port)
                : throw new ArgumentException($"a port is a number up to {ushort.MaxValue}", nameof(where));
        }

        if (where.Length == 0 || where.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("a port or a path is needed", nameof(where));
        }

        return OpenPath(where);
    }

    /// <summary>Waits for the debugger. There is no second one.</summary>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public Socket Accept(CancellationToken cancellation)
    {
        Socket client = _listener.AcceptAsync(cancellation).AsTask().GetAwaiter().GetResult();
        _listener.Close();
        if (client.AddressFamily == AddressFamily.InterNetwork)
        {
            client.NoDelay = true;
        }

        return client;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _listener.Dispose();
        if (_path is not null)
        {
            File.Delete(_path);
        }
    }

    private static GdbEndpoint OpenPort(ushort port)
    {
        Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
            listener.Listen(1);
            return new GdbEndpoint(listener, null, $"{listener.LocalEndPoint}");
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    private static GdbEndpoint OpenPath(string path)
    {
        Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        bool isOurs = false;
        try
        {
            // Nobody can connect before it listens, and by then it is closed to others.
            listener.Bind(new UnixDomainSocketEndPoint(path));
            isOurs = true;
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            listener.Listen(1);
            return new GdbEndpoint(listener, path, path);
        }
        catch (ArgumentOutOfRangeException)
        {
            listener.Dispose();
            throw new ArgumentException("the path is too long for a socket's", nameof(path));
        }
        catch
        {
            listener.Dispose();
            if (isOurs)
            {
                File.Delete(path);
            }

            throw;
        }
    }
}
