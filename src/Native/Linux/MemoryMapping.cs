// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Kvmsys.Native.Linux;

/// <summary>Memory from mmap(2): it never moves, so KVM may hold its address. Page aligned.</summary>
public unsafe class MemoryMapping : SafeHandle
{
    /// <summary>Bytes of a page.</summary>
    public const int PageSize = 4096;

    private const nint MapFailed = -1;

    private protected MemoryMapping(nint address, nuint length, string detail)
        : base(MapFailed, ownsHandle: true)
    {
        Length = length;
        if (address == MapFailed)
        {
            throw new KvmException("mmap", Libc.LastErrno, detail);
        }

        SetHandle(address);
    }

    /// <summary>Private, zero-filled memory, backed when it is first touched.</summary>
    /// <param name="length">Size in bytes, rounded up to whole pages.</param>
    /// <exception cref="KvmException">The address space or the memory limit is exhausted (ENOMEM).</exception>
    public static MemoryMapping Anonymous(nuint length)
    {
        ArgumentOutOfRangeException.ThrowIfZero(length);
        length = (length + PageSize - 1) & ~(nuint)(PageSize - 1);
        nint address = Libc.Mmap(0, length, Libc.ProtRead | Libc.ProtWrite, Libc.MapPrivate | Libc.MapAnonymous, -1, 0);
        return new MemoryMapping(address, length, $"{length >> 10} KiB of anonymous memory");
    }

    /// <summary>Size in bytes, a multiple of <see cref="PageSize"/>.</summary>
    public nuint Length { get; }

    /// <summary>Address of the first byte.</summary>
    /// <exception cref="ObjectDisposedException">The memory is unmapped.</exception>
    public byte* Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return (byte*)handle;
        }
    }

    /// <summary>
    /// The <paramref name="length"/> bytes from <paramref name="offset"/> on. The span must not be used after the mapping is disposed,
    /// and a running guest may change the bytes at any time.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The bytes do not all lie in the mapping.</exception>
    public Span<byte> Slice(nuint offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((nuint)length, Length - offset);

        // SAFETY: the range was checked against the mapping's length.
        return new Span<byte>(Address + offset, length);
    }

    /// <summary>Keeps the memory in RAM, all of it from now on (mlock(2)), if the user's limit allows it.</summary>
    public bool TryLock() => Libc.Mlock((nint)Address, Length) == 0;

    /// <summary>Asks for huge pages (madvise(2), MADV_HUGEPAGE), where the kernel has them and before the memory is touched.</summary>
    public bool TryUseHugePages() => Libc.Madvise((nint)Address, Length, Libc.MadvHugepage) == 0;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == MapFailed;

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.Munmap(handle, Length) == 0;
}
