// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using System.Text;
using Kvmsys.Monitor.Debugging;

namespace Kvmsys.Tests.NoDevice.Debugging;

/// <summary>The wire: where a debugger can connect, and what a hostile one can do.</summary>
public sealed class GdbEndpointTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kvmsys-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_port_is_one_of_the_loopback_address_and_takes_one_debugger()
    {
        using GdbEndpoint endpoint = GdbEndpoint.Open("0");
        IPEndPoint address = IPEndPoint.Parse(endpoint.Name);
        Assert.Equal(IPAddress.Loopback, address.Address);
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(address);
        using Socket accepted = endpoint.Accept(default);
        using Socket second = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.Throws<SocketException>(() => second.Connect(address));
    }

    [Fact]
    public void A_path_is_its_owners_alone_and_gone_in_the_end()
    {
        string path = Path.Combine(_folder, "socket");
        using (GdbEndpoint endpoint = GdbEndpoint.Open(path))
        {
            Assert.Equal(path, endpoint.Name);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        }

        Assert.False(File.Exists(path));
    }

    [Fact]
    public void What_exists_is_left_alone()
    {
        string path = Path.Combine(_folder, "file");
        File.WriteAllText(path, "text");
        Assert.Throws<SocketException>(() => GdbEndpoint.Open(path).Dispose());
        Assert.Equal("text", File.ReadAllText(path));
    }

    [Theory]
    [InlineData("65536")]
    [InlineData("99999999999")]
    [InlineData("")]
    public void What_is_neither_port_nor_path_is_refused(string where) => Assert.Throws<ArgumentException>(() => GdbEndpoint.Open(where).Dispose());

    [Fact]
    public void A_path_that_is_too_long_for_a_socket_is_refused() =>
        Assert.Throws<ArgumentException>(() => GdbEndpoint.Open(Path.Combine(_folder, new string('x', 200))).Dispose());

    [Fact]
    public void The_wait_for_a_debugger_can_be_cancelled()
    {
        using GdbEndpoint endpoint = GdbEndpoint.Open("0");
        using CancellationTokenSource source = new(TimeSpan.FromMilliseconds(50));
        Assert.ThrowsAny<OperationCanceledException>(() => endpoint.Accept(source.Token));
    }

    [Fact]
    public void Packets_are_acknowledged_damaged_ones_asked_for_again_and_ours_repeated()
    {
        using Wire wire = new();
        wire.Client.Send("$g#67"u8);
        Assert.Equal("g", Encoding.ASCII.GetString(wire.Connection.Receive()!));
        Assert.Equal("+", wire.Read(1));
        wire.Client.Send("$g#68"u8);
        Assert.Equal("-", wire.Read(1));
        wire.Connection.Send("OK"u8.ToArray());
        Assert.Equal("$OK#9a", wire.Read(6));
        wire.Client.Send("-"u8);
        Assert.Equal("$OK#9a", wire.Read(6));
        wire.Connection.Acknowledges = false;
        wire.Client.Send("$?#3f"u8);
        Assert.Equal("?", Encoding.ASCII.GetString(wire.Connection.Receive()!));
        wire.Connection.Send("E01"u8.ToArray());
        Assert.Equal("$E01#a6", wire.Read(7));
    }

    [Fact]
    public void Only_a_program_that_runs_is_interrupted()
    {
        using Wire wire = new();
        using ManualResetEventSlim arrived = new();
        wire.Connection.Arrived = arrived.Set;
        wire.Client.Send("\u0003$g#67"u8);
        Assert.Equal("g", Encoding.ASCII.GetString(wire.Connection.Receive()!));
        Assert.False(arrived.IsSet);
        wire.Connection.Run();
        wire.Client.Send("\u0003"u8);
        Assert.True(arrived.Wait(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void A_debugger_that_goes_away_in_the_middle_of_a_packet_ends_the_wait()
    {
        using Wire wire = new();
        wire.Client.Send("$m8048"u8);
        wire.Client.Dispose();
        Assert.Null(wire.Connection.Receive());
        Assert.True(wire.Connection.IsClosed);
        wire.Connection.Send("OK"u8.ToArray());
    }

    [Fact]
    public void A_flood_of_packets_waits_and_is_lost_with_its_sender()
    {
        using Wire wire = new();
        byte[] flood = [.. Enumerable.Repeat("$g#67"u8.ToArray(), 2000).SelectMany(packet => packet)];
        wire.Client.Send(flood);
        Assert.NotNull(wire.Connection.Receive());
        wire.Client.Dispose();
    }

    /// <summary>A connection and its other end.</summary>
    private sealed class Wire : IDisposable
    {
        private readonly GdbEndpoint _endpoint = GdbEndpoint.Open("0");

        public Wire()
        {
            Client.Connect(IPEndPoint.Parse(_endpoint.Name));
            Connection = new GdbConnection(_endpoint.Accept(default), default);
        }

        public Socket Client { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 10_000 };

        public GdbConnection Connection { get; }

        public string Read(int count)
        {
            byte[] bytes = new byte[count];
            for (int done = 0; done < count;)
            {
                done += Client.Receive(bytes.AsSpan(done));
            }

            return Encoding.ASCII.GetString(bytes);
        }

        public void Dispose()
        {
            Client.Dispose();
            Connection.Dispose();
            _endpoint.Dispose();
        }
    }
}
