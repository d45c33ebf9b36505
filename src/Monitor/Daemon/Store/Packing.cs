// SPDX-License-Identifier: MIT

using System.IO.Compression;

namespace Kvmsys.Monitor.Daemon.Store;

/// <summary>Documents as they are kept and sent: by Brotli.</summary>
internal static class Packing
{
    /// <summary>Makes bytes small.</summary>
    public static byte[] Pack(ReadOnlySpan<byte> bytes, CompressionLevel level)
    {
        using MemoryStream packed = new();
        using (BrotliStream brotli = new(packed, level))
        {
            brotli.Write(bytes);
        }

        return packed.ToArray();
    }

    /// <summary>Makes them what they were.</summary>
    /// <param name="packed">What <see cref="Pack"/> has made, or says so.</param>
    /// <param name="most">Bytes that they may be.</param>
    /// <exception cref="InvalidDataException">They are more.</exception>
    /// <exception cref="InvalidOperationException">Nothing was packed so.</exception>
    public static byte[] Unpack(byte[] packed, long most)
    {
        using BrotliStream brotli = new(new MemoryStream(packed), CompressionMode.Decompress);
        using MemoryStream bytes = new();
        byte[] buffer = new byte[64 << 10];
        while (brotli.Read(buffer) is int read and > 0)
        {
            if (bytes.Length + read > most)
            {
                throw new InvalidDataException($"it is more than {most} bytes");
            }

            bytes.Write(buffer, 0, read);
        }

        return bytes.ToArray();
    }
}
