// SPDX-License-Identifier: MIT

using System.IO.Compression;
using Kvmsys.Monitor.Daemon.Store;

namespace Kvmsys.Monitor.Farm.Protocol;

/// <summary>What both sides of a farm have to agree on.</summary>
internal static class FarmProtocol
{
    /// <summary>What this kvmsys speaks.</summary>
    public const int Version = 1;

    /// <summary>The oldest that it understands.</summary>
    public const int Oldest = 1;

    /// <summary>The greatest message, in bytes: what the server's max_payload is set to.</summary>
    public const int MostBytes = 8 << 20;

    /// <summary>Deliveries of a job: what fails so often, or takes its host with it so often, is at fault itself.</summary>
    public const int MostDeliveries = 3;

    /// <summary>How often a host says that it is there.</summary>
    public static readonly TimeSpan BetweenHeartbeats = TimeSpan.FromSeconds(5);

    /// <summary>After this long without a word a host is gone.</summary>
    public static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(15);

    /// <summary>Why two that speak so cannot work together; null when they can.</summary>
    /// <param name="who">The other side, for people.</param>
    /// <param name="version">What it speaks.</param>
    /// <param name="oldest">The oldest that it understands.</param>
    public static string? ObjectionTo(string who, int version, int oldest) =>
        version < Oldest ? $"{who} is too old: it speaks the farm's protocol {version}, and this kvmsys none before {Oldest}. Cure: bring it to the version of this one."
        : oldest > Version ? $"{who} is too new: it speaks no protocol of the farm before {oldest}, and this kvmsys {Version}. Cure: bring this one to the version of that."
        : null;

    /// <summary>Makes bytes small.</summary>
    public static byte[] Pack(ReadOnlySpan<byte> bytes) => Packing.Pack(bytes, CompressionLevel.Optimal);

    /// <summary>Makes them what they were; null where they are no such bytes, or more than anybody sends.</summary>
    public static byte[]? Unpack(byte[] packed)
    {
        const int most = 64 << 20;
        try
        {
            return Packing.Unpack(packed, most);
        }
        catch (Exception exception) when (exception is InvalidOperationException or InvalidDataException)
        {
            return null;
        }
    }
}
