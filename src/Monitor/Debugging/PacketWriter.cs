// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Debugging;

/// <summary>Makes packets of GDB's remote serial protocol.</summary>
internal static class PacketWriter
{
    /// <summary>The bytes of a packet.</summary>
    public static byte[] Frame(ReadOnlySpan<byte> payload)
    {
        List<byte> packet = new(payload.Length + 4) { (byte)'$' };
        byte sum = 0;
        foreach (byte value in payload)
        {
            // "*" would mean that the byte before it is repeated.
            if (value is (byte)'$' or (byte)'#' or (byte)'*' or PacketReader.Escape)
            {
                Add(PacketReader.Escape);
                Add((byte)(value ^ PacketReader.EscapeBit));
            }
            else
            {
                Add(value);
            }
        }

        packet.Add((byte)'#');
        packet.Add(Hex.DigitOf(sum >> 4));
        packet.Add(Hex.DigitOf(sum));
        return [.. packet];

        void Add(byte value)
        {
            packet.Add(value);
            sum += value;
        }
    }
}
