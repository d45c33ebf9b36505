// SPDX-License-Identifier: MIT

using System.Text;
using FsCheck.Xunit;
using Kvmsys.Monitor.Debugging;

namespace Kvmsys.Tests.NoDevice.Debugging;

/// <summary>Packets in a stream of bytes.</summary>
public sealed class PacketTests
{
    [Fact]
    public void A_packet_has_the_sum_of_its_bytes_behind_it() => Assert.Equal("$OK#9a", Encoding.ASCII.GetString(PacketWriter.Frame("OK"u8)));

    [Fact]
    public void What_begins_or_ends_a_packet_is_escaped_within_it() =>
        Assert.Equal("$}\u0003}\u0004}]}\u000aa#c3", Encoding.ASCII.GetString(PacketWriter.Frame("#$}*a"u8)));

    [Theory]
    [InlineData("$m0,4#fd", "Packet")]
    [InlineData("$m0,4#FD", "Packet")]
    [InlineData("$m0,4#fe", "BadPacket")]
    [InlineData("$m0,4#xy", "BadPacket")]
    [InlineData("$#00", "Packet")]
    [InlineData("$m0,4#f", "")]
    [InlineData("$m0$m0,4#fd", "Packet")]
    [InlineData("noise$m0,4#fdnoise", "Packet")]
    [InlineData("+", "Acknowledged")]
    [InlineData("-", "Again")]
    [InlineData("\u0003", "Interrupt")]
    [InlineData("++\u0003$g#67-", "Acknowledged Acknowledged Interrupt Packet Again")]
    [InlineData("$a}#00", "BadPacket")]
    public void A_stream_is_taken_apart(string stream, string events) => Assert.Equal(events, string.Join(' ', Read(Encoding.ASCII.GetBytes(stream)).Select(what => what.Event)));

    [Fact]
    public void A_packet_of_the_longest_size_is_taken_and_one_byte_more_is_not()
    {
        byte[] longest = new byte[PacketReader.MaxPayload];
        (PacketEvent what, byte[] payload) = Assert.Single(Read(PacketWriter.Frame(longest)));
        Assert.Equal((PacketEvent.Packet, longest.Length), (what, payload.Length));
        Assert.Equal(PacketEvent.BadPacket, Assert.Single(Read(PacketWriter.Frame([.. longest, 0]))).Event);
    }

    [Property]
    public void Whatever_is_framed_comes_back(byte[] payload) => Assert.Equal(payload, Assert.Single(Read(PacketWriter.Frame(payload))).Payload);

    [Property]
    public void After_any_bytes_a_packet_is_still_found(byte[] noise)
    {
        (PacketEvent what, byte[] payload) = Read([.. noise, .. PacketWriter.Frame("g"u8)])[^1];
        Assert.Equal((PacketEvent.Packet, "g"), (what, Encoding.ASCII.GetString(payload)));
    }

    private static List<(PacketEvent Event, byte[] Payload)> Read(ReadOnlySpan<byte> stream)
    {
        PacketReader reader = new();
        List<(PacketEvent Event, byte[] Payload)> events = [];
        foreach (byte value in stream)
        {
            PacketEvent what = reader.Accept(value);
            if (what != PacketEvent.None)
            {
                events.Add((what, reader.Payload.ToArray()));
            }
        }

        return events;
    }
}
