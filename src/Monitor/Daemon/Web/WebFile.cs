// SPDX-License-Identifier: MIT

using System.IO.Compression;
using System.Text;
using Kvmsys.Monitor.Reports.Html;

namespace Kvmsys.Monitor.Daemon.Web;

/// <summary>A file of the dashboard, which is in the program. It is read, and compressed, when somebody first wants it, and kept so.</summary>
internal sealed class WebFile
{
    private readonly Lazy<byte[]> _plain;
    private readonly Lazy<byte[]> _brotli;
    private readonly Lazy<byte[]> _gzip;

    /// <summary>A file.</summary>
    /// <param name="contentType">What it is.</param>
    /// <param name="parts">The embedded files that it is made of, one behind the other.</param>
    public WebFile(string contentType, params IReadOnlyList<string> parts)
    {
        ContentType = contentType;
        _plain = new(() => Encoding.UTF8.GetBytes(string.Join('\n', parts.Select(EmbeddedFile.Read))));
        _brotli = new(() => Compressed(into => new BrotliStream(into, CompressionLevel.Optimal)));
        _gzip = new(() => Compressed(into => new GZipStream(into, CompressionLevel.Optimal)));
    }

    /// <summary>What it is.</summary>
    public string ContentType { get; }

    /// <summary>The file as a caller takes it best.</summary>
    /// <param name="accepts">Whether the caller takes an encoding.</param>
    /// <returns>Its bytes, and how they are encoded; null for as they are.</returns>
    public (byte[] Bytes, string? Encoding) For(Func<string, bool> accepts) => accepts("br") ? (_brotli.Value, "br")
        : accepts("gzip") ? (_gzip.Value, "gzip")
        : (_plain.Value, null);

    private byte[] Compressed(Func<Stream, Stream> compressor)
    {
        using MemoryStream compressed = new();
        using (Stream stream = compressor(compressed))
        {
            stream.Write(_plain.Value);
        }

        return compressed.ToArray();
    }
}
