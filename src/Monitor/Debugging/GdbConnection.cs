// SPDX-License-Identifier: MIT

using System.Net.Sockets;

namespace Kvmsys.Monitor.Debugging;

/// <summary>
/// The wire to a debugger: packets in and out, with their acknowledgements. One thread reads whatever comes, so that Ctrl-C and a debugger
/// that goes away are noticed while the program runs.
/// </summary>
internal sealed class GdbConnection : IDisposable
{
    // A debugger has one request under way; one that sends more waits.
    private const int MostPackets = 16;
    private const int BufferSize = 4096;
    private static readonly TimeSpan SendPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(2);

    private readonly Socket _socket;
    private readonly CancellationToken _cancellation;
    private readonly CancellationTokenRegistration _registration;
    private readonly Lock _sending = new();
    private readonly object _gate = new();

    // Packets, and null for Ctrl-C.
    private readonly Queue<byte[]?> _received = new();
    private readonly Thread _reader;
    private byte[] _last = [];
    private bool _isRunning;
    private volatile bool _isClosed;
    private volatile bool _acknowledges = true;

    /// <summary>A connection that has been made.</summary>
    /// <param name="socket">The wire; it is closed with this object.</param>
    /// <param name="cancellation">Ends every wait for the debugger.</param>
    public GdbConnection(Socket socket, CancellationToken cancellation)
    {
        _socket = socket;
        _socket.SendTimeout = (int)SendPatience.TotalMilliseconds;
        _cancellation = cancellation;
        _registration = cancellation.UnsafeRegister(static connection => ((GdbConnection)connection!).Wake(), this);
        _reader = new Thread(Read) { IsBackground = true, Name = "gdb" };
        _reader.Start();
    }

    /// <summary>Is called when something arrives while the program runs, on another thread.</summary>
    public Action Arrived { get; set; } = () => { };

    /// <summary>Whether the debugger is gone.</summary>
    public bool IsClosed => _isClosed;

    /// <summary>Whether the wait is over because kvmsys is to end.</summary>
    public bool IsCancelled => _cancellation.IsCancellationRequested;

    /// <summary>Whether packets are acknowledged.</summary>
    public bool Acknowledges
    {
        get => _acknowledges;
        set => _acknowledges = value;
    }

    /// <summary>The program runs from now on: what arrives, or has arrived, stops it.</summary>
    public void Run()
    {
        lock (_gate)
        {
            _isRunning = true;
            if (_received.Count > 0 || _isClosed)
            {
                Arrived();
            }
        }
    }

    /// <summary>The program stands still. A Ctrl-C that was for this is taken.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _isRunning = false;
        }
    }

    /// <summary>The next packet; null when there will be none.</summary>
    public byte[]? Receive()
    {
        lock (_gate)
        {
            while (true)
            {
                // A Ctrl-C for a program that stands still means nothing.
                if (_received.TryDequeue(out byte[]? packet))
                {
                    System.Threading.Monitor.PulseAll(_gate);
                    if (packet is not null)
                    {
                        return packet;
                    }
                }
                else if (_isClosed || IsCancelled)
                {
                    return null;
                }
                else
                {
                    System.Threading.Monitor.Wait(_gate);
                }
            }
        }
    }

    /// <summary>Sends a packet, as far as somebody is there.</summary>
    public void Send(ReadOnlyMemory<byte> payload)
    {
        _last = PacketWriter.Frame(payload.Span);
        SendBytes(_last);
    }

    /// <summary>Hangs up.</summary>
    public void Close()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // It was closed at the other end.
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // The debugger hangs up when it has been told of the end. Closing first could take the last packet from it.
        Close();
        _reader.Join(ClosePatience);
        _isClosed = true;
        Wake();
        _socket.Dispose();
        _reader.Join();
        _registration.Dispose();
    }

    private void SendBytes(ReadOnlySpan<byte> bytes)
    {
        try
        {
            lock (_sending)
            {
                while (!bytes.IsEmpty)
                {
                    bytes = bytes[_socket.Send(bytes, SocketFlags.None)..];
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            Lose();
        }
    }

    private void Read()
    {
        PacketReader packets = new();
        byte[] buffer = new byte[BufferSize];
        try
        {
            for (int length = _socket.Receive(buffer); length > 0; length = _socket.Receive(buffer))
            {
                foreach (byte value in buffer.AsSpan(0, length))
                {
                    Take(packets, packets.Accept(value));
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The same as its end.
        }

        Lose();
    }

    private void Take(PacketReader packets, PacketEvent what)
    {
        switch (what)
        {
            case PacketEvent.Packet:
                if (_acknowledges)
                {
                    SendBytes("+"u8);
                }

                Enqueue(packets.Payload.ToArray());
                break;
            case PacketEvent.BadPacket when _acknowledges:
                SendBytes("-"u8);
                break;
            case PacketEvent.Again when _acknowledges:
                SendBytes(_last);
                break;
            case PacketEvent.Interrupt:
                Enqueue(null);
                break;
            default:
                break;
        }
    }

    private void Enqueue(byte[]? packet)
    {
        lock (_gate)
        {
            while (_received.Count >= MostPackets && !_isClosed)
            {
                System.Threading.Monitor.Wait(_gate);
            }

            _received.Enqueue(packet);
            System.Threading.Monitor.PulseAll(_gate);
            if (_isRunning)
            {
                Arrived();
            }
        }
    }

    private void Lose()
    {
        lock (_gate)
        {
            _isClosed = true;
            System.Threading.Monitor.PulseAll(_gate);
            if (_isRunning)
            {
                Arrived();
            }
        }
    }

    private void Wake()
    {
        lock (_gate)
        {
            System.Threading.Monitor.PulseAll(_gate);
        }
    }
}
