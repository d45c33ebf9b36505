// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Kvmsys.Native.Linux;

namespace Kvmsys.Monitor.Linux;

/// <summary>struct stat64 of i386 (arch/x86/include/uapi/asm/stat.h).</summary>
[StructLayout(LayoutKind.Explicit, Size = 96)]
internal struct Stat64Layout
{
    [FieldOffset(0)]
    private ulong _device;

    // The low half of the inode's number, for programs of long ago.
    [FieldOffset(12)]
    private uint _shortInode;

    [FieldOffset(16)]
    private uint _mode;

    [FieldOffset(20)]
    private uint _links;

    [FieldOffset(24)]
    private uint _uid;

    [FieldOffset(28)]
    private uint _gid;

    [FieldOffset(32)]
    private ulong _representedDevice;

    [FieldOffset(44)]
    private ulong _size;

    [FieldOffset(52)]
    private uint _blockSize;

    [FieldOffset(56)]
    private ulong _blocks;

    [FieldOffset(64)]
    private uint _accessSeconds;

    [FieldOffset(68)]
    private uint _accessNanoseconds;

    [FieldOffset(72)]
    private uint _modificationSeconds;

    [FieldOffset(76)]
    private uint _modificationNanoseconds;

    [FieldOffset(80)]
    private uint _changeSeconds;

    [FieldOffset(84)]
    private uint _changeNanoseconds;

    [FieldOffset(88)]
    private ulong _inode;

    /// <summary>The structure of what the host says.</summary>
    public static Stat64Layout Of(in Statx status) => new()
    {
        _device = Device(status.StxDevMajor, status.StxDevMinor),
        _shortInode = (uint)status.StxIno,
        _mode = status.StxMode,
        _links = status.StxNlink,
        _uid = status.StxUid,
        _gid = status.StxGid,
        _representedDevice = Device(status.StxRdevMajor, status.StxRdevMinor),
        _size = status.StxSize,
        _blockSize = status.StxBlksize,
        _blocks = status.StxBlocks,
        _accessSeconds = (uint)status.StxAtime.TvSec,
        _accessNanoseconds = status.StxAtime.TvNsec,
        _modificationSeconds = (uint)status.StxMtime.TvSec,
        _modificationNanoseconds = status.StxMtime.TvNsec,
        _changeSeconds = (uint)status.StxCtime.TvSec,
        _changeNanoseconds = status.StxCtime.TvNsec,
        _inode = status.StxIno,
    };

    /// <summary>new_encode_dev: the minor number's low byte, the major number, the rest of the minor number.</summary>
    private static ulong Device(uint major, uint minor) => (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
}
