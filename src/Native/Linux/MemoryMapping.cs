// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Runtime.InteropServices;

namespace Kvmsys.Native.Linux;

/// <summary>Memory from mmap(2): it never moves, so KVM may hold its address. Page aligned.</summary>
public unsafe class MemoryMapping : SafeHandle
{
    /// <summary>Bytes of a page.</summary>
    public const int PageSize = 4096;

    /// <summary>Bytes of a huge page.</summary>
    public const int HugePageSize = 2 << 20;

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

    /// <summary>Private, zero-filled memory, backed when it is first touched. A huge page or more of it begins where huge pages do.</summary>
    /// <param name="length">Size in bytes, rounded up to whole pages.</param>
    /// <exception cref="KvmException">The address space or the memory limit is exhausted (ENOMEM).</exception>
    public static MemoryMapping Anonymous(nuint length)
    {
        ArgumentOutOfRangeException.ThrowIfZero(length);
        length = (length + PageSize - 1) & ~(nuint)(PageSize - 1);
        string detail = $"{length >> 10} KiB of anonymous memory";
        if (length < HugePageSize)
        {
            return new MemoryMapping(Map(length), length, detail);
        }

        // The kernel aligns as it likes: so ask for more, and give back what is before and behind.
        nint address = Map(length + HugePageSize);
        if (address == MapFailed)
        {
            return new MemoryMapping(address, length, detail);
        }

        nint aligned = (address + HugePageSize - 1) & ~(nint)(HugePageSize - 1);
        Unmap(address, aligned);
        Unmap(aligned + (nint)length, address + (nint)length + HugePageSize);
        return new MemoryMapping(aligned, length, detail);

        static nint Map(nuint length) => Libc.Mmap(0, length, Libc.ProtRead | Libc.ProtWrite, Libc.MapPrivate | Libc.MapAnonymous, -1, 0);

        static void Unmap(nint from, nint to)
        {
            if (to > from)
            {
                // Unmapping part of a fresh mapping splits it, for which there may be too many mappings already: then it stays, unused.
                _ = Libc.Munmap(from, (nuint)(to - from));
            }
        }
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

    /// <summary>
    /// How much of the memory is in huge pages, in bytes, as /proc/self/smaps tells; null when it does not. Where the kernel has joined it with a
    /// neighbour of the same kind, it is the neighbours' share.
    /// </summary>
    public long? HugePageBytes
    {
        get
        {
            const long kibibyte = 1024;
            const NumberStyles hex = NumberStyles.AllowHexSpecifier;
            ulong start = (ulong)Address;
            (ulong From, ulong To) area = default;
            foreach (string line in File.ReadLines("/proc/self/smaps"))
            {
                int dash = line.IndexOf('-', StringComparison.Ordinal);
                int space = line.IndexOf(' ', StringComparison.Ordinal);
                if (dash > 0 && space > dash
                    && ulong.TryParse(line.AsSpan(0, dash), hex, CultureInfo.InvariantCulture, out ulong from)
                    && ulong.TryParse(line.AsSpan(dash + 1, space - dash - 1), hex, CultureInfo.InvariantCulture, out ulong to))
                {
                    area = (from, to);
                }
                else if (start >= area.From && start < area.To && line.StartsWith("AnonHugePages:", StringComparison.Ordinal))
                {
                    long huge = kibibyte * long.Parse(line["AnonHugePages:".Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
                    return (long)((double)huge * Length / (area.To - area.From));
                }
            }

            return null;
        }
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == MapFailed;

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.Munmap(handle, Length) == 0;
}
