// SPDX-License-Identifier: MIT

namespace Kvmsys.Monitor.Debugging;

/// <summary>What a byte from the debugger has completed.</summary>
internal enum PacketEvent
{
    /// <summary>Nothing yet.</summary>
    None,

    /// <summary>A packet: <see cref="PacketReader.Payload"/>.</summary>
    Packet,

    /// <summary>A packet that is damaged or too long.</summary>
    BadPacket,

    /// <summary>"+": our packet has arrived.</summary>
    Acknowledged,

    /// <summary>"-": our packet has arrived damaged.</summary>
    Again,

    /// <summary>Ctrl-C: the program is to stop.</summary>
    Interrupt,
}
