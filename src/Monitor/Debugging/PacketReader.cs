// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Debugging;

/// <summary>Finds the packets of GDB's remote serial protocol in a stream of bytes, whatever these are: "$", payload, "#", two digits of checksum.</summary>
internal sealed class PacketReader
{
    /// <summary>Bytes that a packet may have; the debugger is told.</summary>
    public const int MaxPayload = 0x4000;

    /// <summary>Escapes the byte behind it, which is sent with bit 5 flipped.</summary>
    public const byte Escape = (byte)'}';

    /// <summary>What is flipped in an escaped byte.</summary>
    public const byte EscapeBit = 0x20;

    private const byte ControlC = 3;

    private readonly byte[] _payload = new byte[MaxPayload];
    private State _state;
    private int _length;
    private bool _escaped;
    private bool _bad;
    private byte _sum;
    private byte _given;

    private enum State
    {
        Between,
        Payload,
        FirstDigit,
        SecondDigit,
    }

    /// <summary>The packet that was completed last, until the next byte.</summary>
    public ReadOnlySpan<byte> Payload => _payload.AsSpan(0, _length);

    /// <summary>Takes the next byte.</summary>
    public PacketEvent Accept(byte value)
    {
        if (value == '$')
        {
            // Never part of a packet: one that had begun is lost.
            _state = State.Payload;
            _length = 0;
            _sum = 0;
            _escaped = false;
            _bad = false;
            return PacketEvent.None;
        }

        switch (_state)
        {
            case State.Payload when value == '#':
                _bad |= _escaped;
                _state = State.FirstDigit;
                return PacketEvent.None;
            case State.Payload:
                Append(value);
                return PacketEvent.None;
            case State.FirstDigit:
                _given = (byte)(Hex.Digit(value) << 4);
                _bad |= Hex.Digit(value) < 0;
                _state = State.SecondDigit;
                return PacketEvent.None;
            case State.SecondDigit:
                _given |= (byte)Hex.Digit(value);
                _bad |= Hex.Digit(value) < 0 || _given != _sum;
                _state = State.Between;
                return _bad ? PacketEvent.BadPacket : PacketEvent.Packet;
            default:
                return value switch
                {
                    (byte)'+' => PacketEvent.Acknowledged,
                    (byte)'-' => PacketEvent.Again,
                    ControlC => PacketEvent.Interrupt,
                    _ => PacketEvent.None,
                };
        }
    }

    private void Append(byte value)
    {
        _sum += value;
        if (value == Escape && !_escaped)
        {
            _escaped = true;
            return;
        }

        if (_length == MaxPayload)
        {
            _bad = true;
            return;
        }

        _payload[_length++] = _escaped ? (byte)(value ^ EscapeBit) : value;
        _escaped = false;
    }
}
