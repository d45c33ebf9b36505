// SPDX-License-Identifier: MIT

namespace Kvmsys.Native.Linux;

/// <summary><c>struct statx_timestamp</c>.</summary>
public struct StatxTimestamp
{
    /// <summary>Seconds since 1970.</summary>
    public long TvSec;

    /// <summary>Nanoseconds.</summary>
    public uint TvNsec;

    private readonly int _reserved;
}
