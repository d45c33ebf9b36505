// SPDX-License-Identifier: MIT

using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>A folder of the host's that a program may read.</summary>
/// <param name="Path">Its absolute path as it was granted, without a slash at its end.</param>
/// <param name="Folder">The folder.</param>
internal sealed record GrantedFolder(byte[] Path, OpenFile Folder)
{
    // Its own part of the paths that the host has for what is in it; of the root folder's path, the slash is theirs.
    private readonly int _resolvedLength = Folder.ResolvedPath().AsSpan().TrimEnd((byte)'/').Length;

    /// <summary>The path that a program knows a file in it by, without links below the folder; null when it is too long.</summary>
    public byte[]? PathOf(OpenFile file)
    {
        byte[] resolved = file.ResolvedPath();
        if (resolved.Length == 0)
        {
            return null;
        }

        byte[] path = [.. Path, .. resolved.AsSpan(Math.Min(_resolvedLength, resolved.Length))];
        return path.Length == 0 ? [.. "/"u8] : path;
    }
}
