// SPDX-License-Identifier: MIT

using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>An open file of the program; several of its descriptors may share it.</summary>
/// <param name="host">The host's file.</param>
/// <param name="grant">Below which granted folder the program has found it; null for one that it was given.</param>
internal sealed class GuestFile(OpenFile host, GrantedFolder? grant = null)
{
    /// <summary>The host's file.</summary>
    public OpenFile Host { get; } = host;

    /// <summary>Whether the program has found it in a granted folder.</summary>
    public bool IsGranted => grant is not null;

    /// <summary>The absolute path that the program knows it by; null for one that it was given, and when it is too long.</summary>
    public byte[]? Path => grant?.PathOf(Host);

    /// <summary>Whether a read or write never waits for somebody else.</summary>
    public bool IsRegular { get; } = host.FileType == Statx.SIfreg;

    /// <summary>O_NONBLOCK and the like, as the program sets them; the host's file has flags of its own.</summary>
    public int Flags { get; set; } = Math.Max(host.StatusFlags, 0) & ~OpenFlags.NonBlock;

    /// <summary>Whether it is open for reading.</summary>
    public bool CanRead => (Flags & OpenFlags.AccessMode) != OpenFlags.WriteOnly && !IsPath;

    /// <summary>Whether it is open for writing.</summary>
    public bool CanWrite => (Flags & OpenFlags.AccessMode) != OpenFlags.ReadOnly && !IsPath;

    /// <summary>Whether calls must not wait.</summary>
    public bool IsNonBlocking => (Flags & OpenFlags.NonBlock) != 0;

    /// <summary>Descriptors that share it.</summary>
    public int References { get; set; }

    private bool IsPath => (Flags & OpenFlags.Path) != 0;
}
