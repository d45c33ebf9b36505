// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Linux;

/// <summary>Who the process runs as.</summary>
public static class UserIdentity
{
    /// <summary>getuid(2).</summary>
    public static uint Uid => Libc.Getuid();

    /// <summary>getgid(2).</summary>
    public static uint Gid => Libc.Getgid();
}
