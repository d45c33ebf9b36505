// SPDX-License-Identifier: MIT

using System.Runtime.CompilerServices;

namespace Kvmsys.Native.Linux;

/// <summary><c>struct statx</c>: what Linux tells of a file, alike on all its architectures.</summary>
public struct Statx
{
    /// <summary>S_IFMT: the bits of <see cref="StxMode"/> that tell what the file is.</summary>
    public const uint SIfmt = 0xf000;

    /// <summary>S_IFREG: a regular file.</summary>
    public const uint SIfreg = 0x8000;

    /// <summary>S_IFCHR: a character device.</summary>
    public const uint SIfchr = 0x2000;

    /// <summary>S_IFIFO: a pipe.</summary>
    public const uint SIfifo = 0x1000;

    /// <summary>S_IFSOCK: a socket.</summary>
    public const uint SIfsock = 0xc000;

    /// <summary>S_IFDIR: a folder.</summary>
    public const uint SIfdir = 0x4000;

    /// <summary>Which fields are filled.</summary>
    public uint StxMask;

    /// <summary>Preferred size of a transfer, in bytes.</summary>
    public uint StxBlksize;

    /// <summary>Attributes.</summary>
    public ulong StxAttributes;

    /// <summary>Hard links.</summary>
    public uint StxNlink;

    /// <summary>Owner.</summary>
    public uint StxUid;

    /// <summary>Group.</summary>
    public uint StxGid;

    /// <summary>Type and permissions.</summary>
    public ushort StxMode;

    private readonly ushort _padding;

    /// <summary>Number of the inode.</summary>
    public ulong StxIno;

    /// <summary>Bytes.</summary>
    public ulong StxSize;

    /// <summary>Blocks of 512 bytes.</summary>
    public ulong StxBlocks;

    /// <summary>Attributes that the file system knows.</summary>
    public ulong StxAttributesMask;

    /// <summary>Last read.</summary>
    public StatxTimestamp StxAtime;

    /// <summary>Creation.</summary>
    public StatxTimestamp StxBtime;

    /// <summary>Last change of the inode.</summary>
    public StatxTimestamp StxCtime;

    /// <summary>Last write.</summary>
    public StatxTimestamp StxMtime;

    /// <summary>The device that a device file stands for.</summary>
    public uint StxRdevMajor;

    /// <summary>The device that a device file stands for.</summary>
    public uint StxRdevMinor;

    /// <summary>The device that the file is on.</summary>
    public uint StxDevMajor;

    /// <summary>The device that the file is on.</summary>
    public uint StxDevMinor;

    private readonly Rest _rest;

    /// <summary>What later kernels fill.</summary>
    [InlineArray(14)]
    private struct Rest
    {
        private ulong _first;
    }
}
