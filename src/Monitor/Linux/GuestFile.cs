// SPDX-License-Identifier: MIT

using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>An open file of the program; several of its descriptors may share it.</summary>
/// <param name="host">The host's file.</param>
/// <param name="path">The absolute path by which the program has found it; null for one that it was given.</param>
internal sealed class GuestFile(OpenFile host, byte[]? path = null)
{
    /// <summary>The host's file.</summary>
    public OpenFile Host { get; } = host;

    /// <summary>The absolute path by which the program has found it; null for one that it was given.</summary>
    public byte[]? Path { get; } = path;

    /// <summary>Whether a read or write never waits for somebody else.</summary>
    public bool IsRegular { get; } = host.Stat(out Statx status) == 0 && (status.StxMode & Statx.SIfmt) == Statx.SIfreg;

    /// <summary>O_NONBLOCK and the like, as the program sets them: the host's own, which others share, stay.</summary>
    public int Flags { get; set; } = Math.Max(host.StatusFlags, 0);

    /// <summary>Whether it is open for reading.</summary>
    public bool CanRead => (Flags & OpenFlags.AccessMode) != OpenFlags.WriteOnly;

    /// <summary>Whether it is open for writing.</summary>
    public bool CanWrite => (Flags & OpenFlags.AccessMode) != OpenFlags.ReadOnly;

    /// <summary>Whether calls must not wait.</summary>
    public bool IsNonBlocking => (Flags & OpenFlags.NonBlock) != 0;

    /// <summary>Descriptors that share it.</summary>
    public int References { get; set; }
}
